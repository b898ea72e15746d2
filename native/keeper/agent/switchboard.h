/* Lets any number of clients share the one agent in the guest: each has its own connection, on which we act as the
 * agent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* False, errno set. */
bool switchboard_listen(const char *socket);
/* Takes over the connection to the agent's port. */
void switchboard_attach(int fd);
void switchboard_prepare(void);
/* True when something was moved: there may be more. */
bool switchboard_act(void);
/* The guest opened or closed its side of the port, at a time of wall_ms. */
void switchboard_port_changed(bool open, int64_t time);
/* The guest has the memory of a snapshot now, and is paused. */
void switchboard_memory_loaded(void);
/* Reads the remaining input after QEMU has exited, and accepts no more clients. */
void switchboard_finish(void);
/* True when all clients have received everything. */
bool switchboard_drained(void);
