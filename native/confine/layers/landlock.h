/* Landlock: what of the file system and the network is left. */
#pragma once
#include <stdbool.h>

void landlock_read_rule(const char *rights, const char *path);
void landlock_ask_for_scope(void);
void landlock_ask_to_deny_tcp(void);
bool landlock_is_asked_for(void);
/* The kernel's version of Landlock; 0 where it has none. */
int landlock_abi(void);
bool landlock_scopes_signals(void);
/* Nothing where nothing was asked for. */
void landlock_restrict(void);
