/* A connection to a socket at a path. */
#pragma once

/* Blocks from then on; -1 where nobody listens, or takes it at once. */
int dial(const char *path);
