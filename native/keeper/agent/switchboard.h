/*
 * Any number of clients share the one agent in the guest: each has its own connection, on which we are to it what the agent
 * would be.
 */
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
/* Takes in what is left after QEMU is gone, and lets nobody in any more. */
void switchboard_finish(void);
/* Everybody has everything. */
bool switchboard_drained(void);
