/* One host's conversation with the agent, from its OPEN to its leaving. */
#pragma once
#include "port.h"

extern const struct port_events session_events;
