/* A host's session with the agent, from its OPEN until it leaves. */
#pragma once
#include "port.h"

extern const struct port_events session_events;
