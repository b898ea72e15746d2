/* Mounts by descriptor: a root in memory, and copies of the host's mounts put into it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* An empty one, mounted over the present root, which paths still mean. */
int mount_tree_new_root(void);
/* What lies at `path`, with all that is mounted below it, and what it is. */
int mount_tree_copy(const char *path, struct stat *file);
/* `flags` of MOUNT_ATTR_, for all of the tree. */
void mount_tree_restrict(int tree, const char *path, uint64_t flags);
/* At `path` of the new root; what it takes there is made. */
void mount_tree_attach(int tree, int root, const char *path, bool is_directory);
void mount_tree_link(int root, const char *path, const char *target);
/* The new root takes the place of the present one, which is gone then, and cannot be written any more. */
void mount_tree_become_root(int root);
