#include "fail.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A path, and what is wrong with it. */
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
    /* It stays one line, whatever a path has in it. */
    for (size_t index = 0; index < length; index++)
        if ((unsigned char)line[index] < ' ' || line[index] == 0x7f)
            line[index] = '?';
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0)
        _exit(status); /* The status says it all the same. */
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
