/* Mounts by descriptor: a root in memory, with copies of the host's mounts attached. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Creates an empty root, mounted over the current one, which paths still refer to. */
int mount_tree_new_root(void);
/* Copies the tree at `path`, with everything mounted below it, and returns its file type. */
int mount_tree_copy(const char *path, struct stat *file);
/* Applies `flags` of MOUNT_ATTR_ to the whole tree. */
void mount_tree_restrict(int tree, const char *path, uint64_t flags);
/* Attaches a tree at `path` of the new root, creating the mount point. */
void mount_tree_attach(int tree, int root, const char *path, bool is_directory);
void mount_tree_link(int root, const char *path, const char *target);
/* Replaces the current root with the new one, which becomes read-only. */
void mount_tree_become_root(int root);
