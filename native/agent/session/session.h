/* One host's conversation with the agent, from its OPEN to its leaving. */
#pragma once
#include "port.h"

extern const struct port_events session_events;

/* `role` is told to the host; `started` makes the first greeting say so. */
void session_start(enum role role);
enum role session_role(void);
