/* Namespaces of the program's own. */
#pragma once
#include <stdbool.h>

/* LIST has words of mount, net, ipc, uts, with commas between them. */
void namespaces_read(const char *list);
/* LIST has words of chown, fowner, setgid, setpcap, setuid: capabilities that root keeps in its namespaces. */
void namespaces_read_kept(const char *list);
bool namespaces_are_asked_for(void);
bool namespaces_has_mount(void);
/* Does nothing if none were requested. */
void namespaces_enter(void);
/* The user namespace alone, which an ordinary user needs for the others. */
void namespaces_enter_user(void);
