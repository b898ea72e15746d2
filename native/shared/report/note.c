#include "note.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A failing disk or peer may fail again and again, and must not fill the log. */
enum { NOTES_MAX = 200 };

static unsigned notes;

void note_text(const char *what, const char *text)
{
    char line[512];
    if (notes++ >= NOTES_MAX)
        return;
    snprintf(line, sizeof line - 1, "%s: %s: %s", program_name, what, text);
    strcat(line, "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* Nowhere left to report. */
}

void note(const char *what)
{
    int reason = errno;
    note_text(what, strerror(reason));
    errno = reason;
}
