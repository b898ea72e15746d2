#include "note.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A disk or a peer that fails does so again and again, and the log is not for that alone. */
enum { NOTES_MAX = 200 };

static unsigned notes;

void note_text(const char *what, const char *text)
{
    char line[512];
    if (notes++ >= NOTES_MAX)
        return;
    snprintf(line, sizeof line - 1, "vmlet-keeper: %s: %s", what, text);
    strcat(line, "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* There is nobody left to tell. */
}

void note(const char *what)
{
    int reason = errno;
    note_text(what, strerror(reason));
    errno = reason;
}
