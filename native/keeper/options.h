/* The command line of `vmlet-keeper keep`. */
#pragma once
#include "command.h"
#include "console.h"
#include "forwards.h"
#include <stdbool.h>

struct options {
    const char *lock, *record, *ended, *events, *qemu_log, *agent, *runtime_directory;
    struct console_paths console;
    /* NULL for a machine without shared directories. */
    const char *mounts;
    /* NULL for a machine that is never in a private network. */
    const char *names;
    bool paused;
    struct command_options command;
    struct forwards_options forwards;
    /* File with the command line of a program to become at the end; NULL for none. */
    const char *afterwards;
    char *const *program;
};

/* Adds the helpers to their table. NULL, or an error message. */
const char *options_read(struct options *options, char **arguments);
