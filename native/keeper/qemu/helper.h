/* Programs that serve QEMU over a connection: each is started when QEMU connects to its socket, or when we have
 * connected to QEMU's, and again after it has exited. */
#pragma once
#include "listener.h"
#include "service.h"
#include <stdbool.h>

enum { HELPERS_MAX = 40 };

enum helper_kind {
    /* It gets QEMU's connection, which we have accepted. */
    HELPER_ACCEPTED,
    /* The socket is QEMU's, and we connect to it. */
    HELPER_DIALS,
    /* It gets the listening socket and accepts by itself, once. QEMU cannot continue without it, unless it unplugs the
     * device; the next connection starts another one. */
    HELPER_LISTENS,
};

extern struct helper {
    /* Letters, digits and hyphens. */
    const char *name;
    const char *socket, *arguments_file, *log_path;
    enum helper_kind kind;
    struct listener listener;
    struct service service;
    /* A connection of QEMU that is waiting for the program; -1 for none. */
    int connection;
    /* A copy of the socket that a listening program got: shows whether it has accepted. -1 for none. */
    int offered;
} helpers[HELPERS_MAX];
extern unsigned helper_count;

/* The helper whose end has ended the machine, and its status; NULL for none. */
extern struct helper_loss {
    const char *name;
    int status;
} helper_loss;

/* `changed` is called when a program was started or has ended. False, errno set; `path` names the failed file. */
bool helpers_listen(void (*changed)(void), const char **path);
void helpers_prepare(void);
void helpers_act(void);
void helpers_reaped(pid_t pid, int status);
/* QEMU has exited: no connections are accepted, and helpers that are still running are terminated, then killed. */
void helpers_end(void);
bool helpers_gone(void);
