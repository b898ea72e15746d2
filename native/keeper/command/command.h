/* The command that the machine exists for: it begins when the launcher says so, and the machine ends with it. */
#pragma once
#include <stdbool.h>

struct command_options {
    /* The body of its request, and the log of its output. NULL: there is no command. */
    const char *request, *log;
    /* Seconds that the agent has for its first answer; 0 for no limit. */
    long patience;
};

/* False, errno set. */
bool command_prepare(const struct command_options *options);
/* Has it run, once. */
void command_begin(void);
/* True when something was moved. */
bool command_act(void);
/* Returns how it ended as a JSON value; null when it was not begun. */
const char *command_end(void);
