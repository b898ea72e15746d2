/* A connection to a socket at a path. */
#pragma once

/* Returns a connection that blocks from then on; -1 if nothing is listening, or it is not accepted at once. */
int dial(const char *path);
