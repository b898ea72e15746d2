/* The launcher's descriptors that the program inherits. */
#pragma once

/* Reads their number, counted from 0. */
void descriptors_read(const char *count);
/* Asks that those after the standard ones block, for every process that has them open. */
void descriptors_ask_to_block(void);
/* Closes all others; does nothing if no number was given. */
void descriptors_apply(void);
