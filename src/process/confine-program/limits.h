/* What a program may use at most. */
#pragma once

/* NAME=N, in bytes or numbers. */
void limits_read(const char *text);
void limits_apply(void);
