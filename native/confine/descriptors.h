/* What of the launcher's descriptors the program inherits. */
#pragma once

/* How many, from 0 on. */
void descriptors_read(const char *count);
/* The others; nothing where no number was given. */
void descriptors_close(void);
