/* What the agent is to its guest: PID 1, a service of its init, or a program behind a socket. Set once, at the start. */
#pragma once
#include "protocol.h"

void role_set(enum role role);
enum role agent_role(void);
