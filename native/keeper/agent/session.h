/* The session with the agent, in which those of all clients are. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Takes what the agent has said. */
void session_hear(void);
/* The guest opened or closed its side of the port, at a time of wall_ms. */
void session_port_changed(bool open, int64_t time);
/* Asks the agent where a client has asked: an answer shows that the guest is alive. */
void session_ask(void);
