/* Opens a path without following symbolic links. */
#pragma once

/* Returns a descriptor that only names the file (O_PATH), or -1. The caller has already resolved symbolic links: one
 * that exists now was created since, perhaps by a program that wants access to its target. */
int real_path_open(const char *path);
/* The same below a directory used as the root. */
int real_path_open_in(int root, const char *path, int flags);
