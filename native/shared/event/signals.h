/* Signals as events of the loop. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Ignores SIGPIPE, and blocks these signals only, which signals_next then returns. After loop_start. False, errno set. */
bool signals_watch(const int *heard, size_t count);
/* Returns the next signal that has arrived; 0 for none. */
int signals_next(void);
/* Undoes signals_watch, for the program that this process or its child becomes. */
void signals_restore(void);
