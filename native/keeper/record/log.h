/* A log file, renamed to FILE.1 when it reaches a limit. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log {
    const char *path;
    int fd;
    /* Current size in bytes, and the size at which the log is rotated; 0 for no limit. */
    int64_t size, limit;
    /* Number of bytes of the last write that reached the file. */
    int64_t last_written;
    /* Number of times that the file was renamed to FILE.1 at its limit. */
    int rotations;
    /* Space is reserved up to here, for lines written on a full disk. */
    int64_t kept;
    /* The last write was partial: the next line starts on a line of its own. */
    bool torn;
    /* The failure was reported already. */
    bool failing;
};

/* LOG_CONTINUED checks the limit at once, too. */
enum log_start { LOG_CONTINUED, LOG_ANEW };

/* LOG_ANEW renames an existing file to FILE.1. False, errno set. */
bool log_open(struct log *log, const char *path, int64_t limit, enum log_start start);
void log_close(struct log *log);
/* Renames the file to FILE.1 and begins another, unless it is empty. */
void log_rotate(struct log *log);
/* Removes the contents. */
void log_clear(struct log *log);
/* On a full disk, lines are lost. */
void log_write(struct log *log, const char *bytes, size_t length);
/* The line includes its newline. */
void log_line(struct log *log, const char *line, size_t length);
