/* From a command line to a running process. */
#pragma once
#include "command_line.h"

struct spawned {
    pid_t pid;
    /* Our ends; -1 where there is none. With a terminal, input and output are the same terminal. */
    int input, output, error;
    /* Closed by a successful exec; else it gives struct spawn_failure. */
    int status;
};

struct spawn_failure {
    int phase;
    int reason;
};

/* 0 or an errno. */
int spawn(const struct command_line *line, struct spawned *spawned);
/* What commands inherit instead of our own limit of open files. */
void spawn_raise_file_limit(void);
