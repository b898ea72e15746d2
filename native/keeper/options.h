/* The command line of `vmlet-keeper keep`. */
#pragma once
#include <stdbool.h>

struct options {
    const char *lock, *record, *ended, *events, *qemu_log, *serial_log, *console, *agent, *runtime_directory;
    /* NULL for a machine without shared directories. */
    const char *mounts;
    bool paused;
    char *const *program;
};

/* Adds the helpers to their table. NULL, or an error message. */
const char *options_read(struct options *options, char **arguments);
