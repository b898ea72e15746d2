#include "mount_tree.h"
#include "fail.h"
#include "real_path.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MNT_DETACH
enum { MNT_DETACH = 2 };
#endif

static int set_attributes(int fd, unsigned flags, struct mount_attr attributes)
{
    return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes);
}

int mount_tree_new_root(void)
{
    /* Mounts made here must not appear outside, nor those made outside in here. */
    if (syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        fail_errno("cannot make mounts private");
    int memory = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (memory < 0 || syscall(SYS_fsconfig, memory, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
        syscall(SYS_fsconfig, memory, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        fail_errno("new root");
    int root = (int)syscall(SYS_fsmount, memory, FSMOUNT_CLOEXEC,
                            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (root < 0 || syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        fail_errno("new root");
    close(memory);
    return root;
}

int mount_tree_copy(const char *path, struct stat *file)
{
    int place = real_path_open(path);
    if (place < 0)
        fail_errno("%s", path);
    int tree = (int)syscall(SYS_open_tree, place, "",
                            AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    /* Checks the tree and not the path, which may have been replaced. */
    if (tree < 0 || fstat(tree, file) < 0)
        fail_errno("%s", path);
    close(place);
    return tree;
}

void mount_tree_restrict(int tree, const char *path, uint64_t flags)
{
    if (set_attributes(tree, AT_RECURSIVE, (struct mount_attr){.attr_set = flags}) < 0)
        fail_errno("%s: mount attributes", path);
}

/* Nothing is created in a directory of the host. */
static bool is_ours(int root, int directory)
{
    struct stat ours, other;
    return fstat(root, &ours) == 0 && fstat(directory, &other) == 0 && ours.st_dev == other.st_dev;
}

/* Opens the first `length` bytes of `path`; `make` creates the last part if it is missing. */
static int open_or_make(int root, int parent, const char *path, size_t length, int flags,
                        int (*make)(int directory, const char *name))
{
    char *there = strndup(path, length);
    if (!there)
        fail_errno("%s", path);
    int fd = real_path_open_in(root, there, flags);
    if (fd < 0 && errno == ENOENT) {
        if (!is_ours(root, parent))
            fail("%s: does not exist in the directory that is mounted over its parent", path);
        if (make(parent, strrchr(there, '/') + 1) < 0)
            fail_errno("%s: mount point in the new root", path);
        fd = real_path_open_in(root, there, flags);
    }
    if (fd < 0)
        fail_errno("%s: mount point in the new root", path);
    free(there);
    return fd;
}

static int make_directory(int directory, const char *name)
{
    return mkdirat(directory, name, 0755);
}

static int make_file(int directory, const char *name)
{
    return mknodat(directory, name, S_IFREG | 0444, 0);
}

static int open_parent(int root, const char *path)
{
    int parent = real_path_open_in(root, ".", O_DIRECTORY);
    if (parent < 0)
        fail_errno("%s: new root", path);
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int next = open_or_make(root, parent, path, (size_t)(slash - path), O_DIRECTORY, make_directory);
        close(parent);
        parent = next;
    }
    return parent;
}

void mount_tree_attach(int tree, int root, const char *path, bool is_directory)
{
    int parent = open_parent(root, path);
    int place = open_or_make(root, parent, path, strlen(path), is_directory ? O_DIRECTORY : 0,
                             is_directory ? make_directory : make_file);
    if (syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        fail_errno("%s: mount", path);
    close(place);
    close(parent);
}

static bool is_link_to(int directory, const char *name, const char *target)
{
    char found[PATH_MAX];
    ssize_t length = readlinkat(directory, name, found, sizeof found);
    return length >= 0 && (size_t)length == strlen(target) && memcmp(found, target, (size_t)length) == 0;
}

void mount_tree_link(int root, const char *path, const char *target)
{
    int parent = open_parent(root, path);
    const char *name = strrchr(path, '/') + 1;
    if (!is_link_to(parent, name, target)) {
        if (!is_ours(root, parent))
            fail("%s: no such link in the directory that is mounted over its parent", path);
        if (symlinkat(target, parent, name) < 0)
            fail_errno("--symlink %s", path);
    }
    close(parent);
}

void mount_tree_become_root(int root)
{
    char *directory = getcwd(NULL, 0);
    if (set_attributes(root, 0, (struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY}) < 0)
        fail_errno("new root: mount attributes");
    /* Both are at the same place: the old root covers the new one until it is unmounted (pivot_root(2)). */
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || syscall(SYS_umount2, ".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        fail_errno("new root");
    close(root);
    /* The working directory may be missing in the new root. */
    if (directory && chdir(directory) < 0 && errno != ENOENT && errno != ENOTDIR)
        fail_errno("%s", directory);
    free(directory);
}
