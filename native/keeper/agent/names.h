/* The names of private networks for the guest's hosts file, which its agent gets at the beginning of each session: at each
 * boot. In a request of their own: an agent of an earlier release rejects it, as it does not know the field, and the rest
 * of its configuration must not depend on that. */
#pragma once
#include <stdbool.h>

/* The file with the lines, which may be missing: then nothing is sent. NULL for none. */
void names_prepare(const char *file);
/* A session has begun: reads the file. */
void names_begin(void);
/* True until the agent has answered. */
bool names_are_pending(void);
/* Sends the request, or handles its answer. True when something was done. */
bool names_pump(void);
