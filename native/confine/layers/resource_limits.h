/* What a program may use at most. */
#pragma once

/* NAME=N, in bytes or numbers. */
void limits_read(const char *text);
/* Those of core dumps: before the capabilities go, and while /proc can be seen. */
void limits_apply_to_dumps(void);
/* The others. */
void limits_apply(void);
