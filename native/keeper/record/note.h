/* Words for a person. They end up in QEMU's log, beside what QEMU says. */
#pragma once

/* Tells what failed, with errno's reason. */
void note(const char *what);
void note_text(const char *what, const char *text);
