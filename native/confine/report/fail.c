#include "fail.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A path, and an error message. */
enum { LINE_MAX_BYTES = PATH_MAX + 1024 };

static _Noreturn void end(int status, const char *format, va_list values, const char *reason)
{
    char line[LINE_MAX_BYTES] = FAIL_PREFIX;
    size_t length = strlen(line);
    vsnprintf(line + length, sizeof line - 1 - length, format, values);
    length = strlen(line);
    if (reason)
        snprintf(line + length, sizeof line - 1 - length, ": %s", reason);
    length = strlen(line);
    /* A path may contain control characters; the message stays one line. */
    for (size_t index = 0; index < length; index++)
        if ((unsigned char)line[index] < ' ' || line[index] == 0x7f)
            line[index] = '?';
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0)
        _exit(status); /* The status reports the failure anyway. */
    _exit(status);
}

void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    end(EXIT_REFUSED, format, values, NULL);
}

void fail_errno(const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list values;
    va_start(values, format);
    end(EXIT_REFUSED, format, values, reason);
}

void fail_as(int status, const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list values;
    va_start(values, format);
    end(status, format, values, reason);
}
