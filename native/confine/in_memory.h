/* A program that lies where the host lets nothing be executed. */
#pragma once
#include <stdbool.h>

void in_memory_ask_for(void);
bool in_memory_is_asked_for(void);
/* Becomes the program by a copy of it that has no path. Returns where it cannot, with errno. */
void in_memory_execute(char **program);
