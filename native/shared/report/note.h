/* Messages for users on standard error, which is a log. */
#pragma once

/* Defined by the program's main.c. */
extern const char program_name[];

/* Reports a failure with errno's message. */
void note(const char *what);
void note_text(const char *what, const char *text);
/* Reports why the program ends, also after many other failures. */
void note_last(const char *what);
