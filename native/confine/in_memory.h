/* Executes a program on a file system mounted noexec. */
#pragma once
#include <stdbool.h>

void in_memory_ask_for(void);
bool in_memory_is_asked_for(void);
/* Becomes the program through a copy in memory that has no path. Returns on failure, with errno. */
void in_memory_execute(char **program);
