/* The agent's role in its guest: PID 1, a service, or a program behind a socket. Set once, at the start. */
#pragma once
#include "protocol.h"

void role_set(enum role role);
enum role agent_role(void);
