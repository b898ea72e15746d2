/* Messages for users. They are written to QEMU's log, together with QEMU's own. */
#pragma once

/* Reports a failure with errno's message. */
void note(const char *what);
void note_text(const char *what, const char *text);
