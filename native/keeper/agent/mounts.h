/* Directories of the host, volumes and other settings, which the guest's agent applies at the beginning of each session:
 * at each boot. */
#pragma once
#include <stdbool.h>

/* Reads the request for the agent from a file, in hexadecimal digits; none in an empty file. False, errno set. */
bool mounts_read(const char *file);
/* A session has begun: reads the file again. */
void mounts_begin(void);
/* Reads the file again, and sends its failed parts once more, or all of a new request. The caller must not do so while
 * mounts are pending. */
void mounts_retry(void);
/* True until the agent has answered: clients must wait, because their commands may need the directories. */
bool mounts_are_pending(void);
/* Sends a part of the request, or handles its answer. True when something was done. */
bool mounts_pump(void);
