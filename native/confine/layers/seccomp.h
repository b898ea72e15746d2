/* Denied system calls. */
#pragma once
#include <stdbool.h>

/* LIST has words of base, files, sockets, connect, processes, with commas between them. */
void seccomp_read(const char *list);
bool seccomp_is_asked_for(void);
/* Does nothing if none were requested. */
void seccomp_install(bool signals_are_scoped);
