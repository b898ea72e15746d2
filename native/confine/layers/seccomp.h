/* System calls that are refused. */
#pragma once
#include <stdbool.h>

/* LIST has words of base, sockets, connect, with commas between them. */
void seccomp_read(const char *list);
bool seccomp_is_asked_for(void);
/* Nothing where none was asked for. */
void seccomp_install(bool signals_are_scoped);
