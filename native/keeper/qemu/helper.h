/*
 * Programs that serve QEMU over a connection: each is started when QEMU connects to its socket, or when we have connected to
 * QEMU's, and again when it ended.
 */
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
    /* A connection of QEMU's that waits for the program; -1: none. */
    int connection;
    int64_t started_at, not_before, delay;
    /* When a program that was told to end is killed. */
    int64_t kill_at;
} helpers[HELPERS_MAX];
extern unsigned helper_count;

/* `changed` is called when a program was started or has ended. False, errno set; `path` is what it is about. */
bool helpers_listen(void (*changed)(void), const char **path);
void helpers_prepare(void);
void helpers_act(void);
void helpers_reaped(pid_t pid, int status);
/* QEMU is gone: nobody is let in, and whoever does not notice is told to end, then killed. */
void helpers_end(void);
bool helpers_gone(void);
