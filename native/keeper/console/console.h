/* The serial console: copies the guest's output to a log and to all connected clients, and their input to the guest. */
#pragma once
#include <stdbool.h>

struct console_paths {
    const char *log;
    const char *socket;
    /* Clients of this one first get a line with the position in the log where their output begins: INODE OFFSET. */
    const char *positioned_socket;
};

/* False, errno set; `path` names the failed file. */
bool console_listen(const struct console_paths *paths, const char **path);
/* Takes over the connection to QEMU. */
void console_attach(int fd);
void console_prepare(void);
/* True when something was moved: there may be more. */
bool console_act(void);
/* Reads the remaining input after QEMU has exited, and accepts no more clients. */
void console_finish(void);
/* True when all clients have received everything. */
bool console_drained(void);
