#include "log.h"
#include "file.h"
#include "note.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reserves space for lines of some hundred bytes. */
enum { ROOM = 64 * 1024 };

static bool set_aside(const char *path)
{
    char older[PATH_MAX];
    if (snprintf(older, sizeof older, "%s.1", path) >= (int)sizeof older) {
        errno = ENAMETOOLONG;
        return false;
    }
    return rename(path, older) == 0 || errno == ENOENT;
}

static bool reopen(struct log *log)
{
    struct stat status;
    int fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    log->kept = 0;
    log->size = fstat(fd, &status) == 0 ? status.st_size : 0;
    return true;
}

void log_rotate(struct log *log)
{
    if (log->fd < 0 || log->size == 0)
        return;
    if (set_aside(log->path) && reopen(log))
        log->rotations++;
    else
        note(log->path);
}

void log_clear(struct log *log)
{
    if (log->size == 0)
        return;
    if (ftruncate(log->fd, 0) == 0)
        log->size = log->kept = 0;
    else
        note(log->path);
}

static void rotate_for(struct log *log, size_t length)
{
    if (log->limit == 0 || log->size == 0 || log->size + (int64_t)length <= log->limit)
        return;
    log_rotate(log);
    /* If the file cannot be rotated, it keeps growing for as long again. */
    if (log->size > 0)
        log->limit += log->limit;
}

bool log_open(struct log *log, const char *path, int64_t limit, enum log_start start)
{
    *log = (struct log){.path = path, .fd = -1, .limit = limit};
    if ((start == LOG_ANEW && !set_aside(path)) || !reopen(log))
        return false;
    rotate_for(log, 0);
    return true;
}

void log_close(struct log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

static void append(struct log *log, const char *bytes, size_t length)
{
    size_t written;
    bool complete = write_all(log->fd, bytes, length, &written);
    log->size += (int64_t)written;
    log->last_written = (int64_t)written;
    if (written > 0)
        log->torn = !complete;
    if (!complete && !log->failing)
        note(log->path);
    log->failing = !complete;
}

/* If the file system cannot reserve space, or has none, lines use whatever is free. */
static void keep_room(struct log *log)
{
    if (log->size + ROOM / 2 > log->kept && fallocate(log->fd, FALLOC_FL_KEEP_SIZE, log->size, ROOM) == 0)
        log->kept = log->size + ROOM;
}

void log_write(struct log *log, const char *bytes, size_t length)
{
    if (log->fd < 0)
        return;
    rotate_for(log, length);
    append(log, bytes, length);
}

void log_line(struct log *log, const char *line, size_t length)
{
    if (log->fd < 0)
        return;
    rotate_for(log, length);
    keep_room(log);
    if (log->torn && log->size > 0)
        append(log, "\n", 1);
    if (!log->torn || log->size == 0)
        append(log, line, length);
}
