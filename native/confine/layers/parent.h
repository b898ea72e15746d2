/* The process that this one dies with. */
#pragma once

/* A process id, or 0: whoever is the parent now. */
void parent_read(const char *text);
/* To be done after all that changes credentials, which takes the signal away. Nothing where no parent was given. */
void parent_follow(void);
