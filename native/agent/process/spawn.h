/* Starts a process from a command line. */
#pragma once
#include "command_line.h"

struct spawned {
    pid_t pid;
    /* Our ends; -1 for none. With a terminal, input and output are the same terminal. */
    int input, output, error;
    /* Closed by a successful exec; otherwise it returns struct spawn_failure. */
    int status;
};

struct spawn_failure {
    int phase;
    int reason;
};

/* 0 or an errno. */
int spawn(const struct command_line *line, struct spawned *spawned);
/* Raises our limit of open files and keeps the original one for commands. */
void spawn_raise_file_limit(void);
