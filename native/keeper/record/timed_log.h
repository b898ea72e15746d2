/* A log with an index of times beside it, FILE.times: entries of 16 bytes, a position in FILE and the time (wall_ms) of
 * what was written there, both little-endian. There is at most one for each second. */
#pragma once
#include "log.h"

struct timed_log {
    struct log log, times;
    int64_t last_time;
    char path[4096];
};

/* Continues both files, and renames both to FILE.1 when either reaches the limit. False, errno set. */
bool timed_log_open(struct timed_log *timed, const char *path, int64_t limit);
void timed_log_write(struct timed_log *timed, const char *bytes, size_t length);
