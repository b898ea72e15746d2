#include "report.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void report(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    /* A launcher that is slow or no longer listens must not affect the machine: the pipe is non-blocking. */
    if (write(STDOUT_FILENO, line, (size_t)length + 1) < 0)
        return;
}
