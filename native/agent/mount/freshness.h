/* Directories that change on the host. The guest's kernel takes what it has cached of them for current for a second. */
#pragma once

/* Remembers the tag of such a directory. */
void freshness_note(const char *tag);
/* Makes the guest's kernel forget what it has cached of them. As root only. */
void freshness_restore(void);
