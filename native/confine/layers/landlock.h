/* Landlock: restricts access to the file system and the network. */
#pragma once
#include <stdbool.h>

void landlock_read_rule(const char *rights, const char *path);
void landlock_ask_for_scope(void);
void landlock_ask_to_deny_tcp(void);
bool landlock_is_asked_for(void);
/* Returns the kernel's version of Landlock; 0 for none. */
int landlock_abi(void);
bool landlock_scopes_signals(void);
/* Does nothing if nothing was requested. */
void landlock_restrict(void);
