/* The user and group of the program. */
#pragma once

/* TEXT is UID:GID. */
void user_read(const char *text);
/* After everything that needs the privileges of root. */
void user_become(void);
