#include "role.h"

static enum role role;

void role_set(enum role wanted) { role = wanted; }
enum role agent_role(void) { return role; }
