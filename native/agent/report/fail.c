#include "fail.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void complain(const char *what)
{
    char line[256];
    int length = snprintf(line, sizeof line, "vmlet-agent: %s: %s\n", what, strerror(errno));
    if (length > 0 && write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* Nowhere left to report. */
}

void fail(const char *what)
{
    complain(what);
    _exit(1);
}
