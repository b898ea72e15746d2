/* A file that only grows, until it becomes FILE.1 and another one begins. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log {
    const char *path;
    int fd;
    /* Bytes in the file now, and when another one begins; a limit of 0 is none. */
    int64_t size, limit;
    /* Up to here lines find room on a disk that is full by then. */
    int64_t kept;
    /* The last write put down a part only: the next line begins on a line of its own nevertheless. */
    bool torn;
    /* Noted already. */
    bool failing;
};

/* LOG_CONTINUED looks at the limit at once, too. */
enum log_start { LOG_CONTINUED, LOG_ANEW };

/* LOG_ANEW makes what was there FILE.1. False, errno set. */
bool log_open(struct log *log, const char *path, int64_t limit, enum log_start start);
void log_close(struct log *log);
/* What a full disk does not take is lost. */
void log_write(struct log *log, const char *bytes, size_t length);
/* The line has its newline. */
void log_line(struct log *log, const char *line, size_t length);
