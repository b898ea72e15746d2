/* The process that this one dies with. */
#pragma once

/* A process ID, or 0 for the current parent. */
void parent_read(const char *text);
/* Must come after everything that changes credentials, which clears the signal. Does nothing if no parent was given. */
void parent_follow(void);
