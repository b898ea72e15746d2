/* Resource limits of a program. */
#pragma once

/* NAME=N, in bytes or numbers. */
void limits_read(const char *text);
/* Applies the core dump limits: before capabilities are dropped, and while /proc is visible. */
void limits_apply_to_dumps(void);
/* Applies the others. */
void limits_apply(void);
