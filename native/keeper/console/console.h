/* The serial console: everything that the guest says to a log and to all who are connected, everything they say to it. */
#pragma once
#include <stdbool.h>

/* False, errno set; `path` is what it is about. */
bool console_listen(const char *socket, const char *log, const char **path);
/* Takes over the connection to QEMU. */
void console_attach(int fd);
void console_prepare(void);
/* True when something was moved: there may be more. */
bool console_act(void);
/* Takes in what is left after QEMU is gone, and lets nobody in any more. */
void console_finish(void);
/* Everybody has everything. */
bool console_drained(void);
