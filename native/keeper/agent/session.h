/* The session with the agent, which carries those of all clients. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Handles input from the agent. */
void session_read(void);
/* The guest opened or closed its side of the port, at a time of wall_ms. */
void session_port_changed(bool open, int64_t time);
/* The agent is in the session that it had when the memory was saved, possibly this one. */
void session_memory_loaded(void);
/* Asks the agent on behalf of clients that have asked: an answer shows that the guest is alive. */
void session_ask(void);
/* Sets up the guest of a session that has begun: names and mounts. Then answers clients that wait. True when something was
 * done. */
bool session_set_up(void);
