/* The launcher's descriptors that the program inherits. */
#pragma once

/* Reads their number, counted from 0. */
void descriptors_read(const char *count);
/* Closes all others, and makes those after the standard ones block; does nothing if no number was given. */
void descriptors_apply(void);
