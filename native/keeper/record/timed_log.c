#include "timed_log.h"
#include "bytes.h"
#include "loop.h"
#include <errno.h>
#include <stdio.h>

enum { ENTRY_SIZE = 16, RESOLUTION_MS = 1000 };

bool timed_log_open(struct timed_log *timed, const char *path, int64_t limit)
{
    if (snprintf(timed->path, sizeof timed->path, "%s.times", path) >= (int)sizeof timed->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    timed->last_time = 0;
    if (!log_open(&timed->log, path, limit, LOG_CONTINUED))
        return false;
    /* The two are rotated together: without its log, an index means nothing. */
    enum log_start start = timed->log.rotations > 0 ? LOG_ANEW : LOG_CONTINUED;
    if (!log_open(&timed->times, timed->path, 0, start))
        return false;
    /* The log may have been truncated or removed. FILE.times.1 stays: it is of FILE.1, unless the keeper
     * was killed between its two renames. */
    if (timed->log.size == 0)
        log_clear(&timed->times);
    return true;
}

static void note_time(struct timed_log *timed, int64_t position, int64_t time)
{
    uint8_t entry[ENTRY_SIZE];
    put_u64(entry, (uint64_t)position);
    put_u64(entry + 8, (uint64_t)time);
    log_write(&timed->times, (const char *)entry, sizeof entry);
    timed->last_time = time;
}

void timed_log_write(struct timed_log *timed, const char *bytes, size_t length)
{
    int64_t time = wall_ms();
    int rotations = timed->log.rotations;
    if (timed->log.limit > 0 && timed->times.size + ENTRY_SIZE > timed->log.limit)
        log_rotate(&timed->log);
    log_write(&timed->log, bytes, length);
    bool rotated = timed->log.rotations != rotations;
    if (rotated)
        log_rotate(&timed->times);
    /* The clock may have been set back. */
    bool is_due = time - timed->last_time >= RESOLUTION_MS || time < timed->last_time;
    if (timed->log.last_written > 0 && (rotated || is_due))
        note_time(timed, timed->log.size - timed->log.last_written, time);
}
