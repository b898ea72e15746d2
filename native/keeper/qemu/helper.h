/* Programs that serve QEMU over a connection: each is started when QEMU connects to its socket, or when we have
 * connected to QEMU's, and again after it has exited. */
#pragma once
#include "identity.h"
#include "listener.h"
#include "log.h"
#include <stdbool.h>

enum { HELPERS_MAX = 8 };

extern struct helper {
    /* Letters, digits and hyphens. */
    const char *name;
    const char *socket, *arguments_file, *log_path;
    /* The socket is QEMU's, and we connect to it. */
    bool dials;
    struct listener listener;
    struct identity process;
    /* A connection of QEMU that is waiting for the program; -1 for none. */
    int connection;
    int64_t started_at, not_before, delay;
    /* Time to kill a program that was asked to exit. */
    int64_t kill_at;
} helpers[HELPERS_MAX];
extern unsigned helper_count;

/* `changed` is called when a program was started or has ended. False, errno set; `path` names the failed file. */
bool helpers_listen(void (*changed)(void), const char **path);
void helpers_prepare(void);
void helpers_act(void);
void helpers_reaped(pid_t pid, int status);
/* QEMU has exited: no connections are accepted, and helpers that are still running are terminated, then killed. */
void helpers_end(void);
bool helpers_gone(void);
