#include "note.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A failing disk or peer may fail again and again, and must not fill the log. */
enum { NOTES_MAX = 200 };

static unsigned notes;

static void write_line(const char *what, const char *text)
{
    char line[512];
    snprintf(line, sizeof line - 1, "%s: %s: %s", program_name, what, text);
    strcat(line, "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return; /* Nowhere left to report. */
}

void note_text(const char *what, const char *text)
{
    if (notes > NOTES_MAX)
        return;
    if (notes++ < NOTES_MAX)
        write_line(what, text);
    else
        write_line("more messages", "not printed");
}

void note(const char *what)
{
    int reason = errno;
    note_text(what, strerror(reason));
    errno = reason;
}

void note_last(const char *what)
{
    write_line(what, strerror(errno));
}
