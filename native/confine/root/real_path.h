/* What lies at a path that leads through no symbolic link. */
#pragma once

/*
 * A descriptor that only names it, or -1. Whoever chose the path has followed the links: one that is there now was put
 * there since, perhaps by a program that may write there and wants to have what it leads to.
 */
int real_path_open(const char *path);
/* The same below a directory that is taken for the root. */
int real_path_open_in(int root, const char *path, int flags);
