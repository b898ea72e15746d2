#include "root.h"
#include "fail.h"
#include "mount_tree.h"
#include <linux/mount.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In order of creation: if one path has two entries, the later covers the earlier. */
enum kind { READ_ONLY, READ_WRITE, SYMBOLIC_LINK };

static struct entry {
    enum kind kind;
    const char *path;
    /* Source of a mount, or the target of a symbolic link. */
    const char *target;
} *entries;
static size_t entry_count;

static bool is_plain(const char *path)
{
    for (const char *at = path; *at; ) {
        size_t length = *at == '/' ? strcspn(++at, "/") : 0;
        if (length == 0 || (at[0] == '.' && (length == 1 || (length == 2 && at[1] == '.'))))
            return false;
        at += length;
    }
    return path[0] != '\0';
}

static void require_plain(const char *path)
{
    if (!is_plain(path))
        fail("%s: path must be absolute, without //, . and .., and not / itself", path);
}

static void add(enum kind kind, const char *path, const char *target)
{
    /* Sorted by text, directories come before their contents; this requires one name for each place. */
    require_plain(path);
    entries = reallocarray(entries, entry_count + 1, sizeof *entries);
    if (!entries)
        fail_errno("%s", path);
    entries[entry_count++] = (struct entry){kind, path, target};
}

void root_read_bind(const char *path)
{
    add(READ_WRITE, path, path);
}

void root_read_bind_read_only(const char *path)
{
    add(READ_ONLY, path, path);
}

void root_read_bind_read_only_at(const char *source, const char *path)
{
    require_plain(source);
    add(READ_ONLY, path, source);
}

void root_read_symlink(const char *target, const char *path)
{
    add(SYMBOLIC_LINK, path, target);
}

/* Links come last: nothing is mounted through one of them. */
static int in_order(const void *left, const void *right)
{
    const struct entry *first = left, *second = right;
    int links = (first->kind == SYMBOLIC_LINK) - (second->kind == SYMBOLIC_LINK);
    if (links != 0)
        return links;
    int paths = strcmp(first->path, second->path);
    return paths != 0 ? paths : (int)first->kind - (int)second->kind;
}

static void bind_into(int root, const struct entry *entry)
{
    struct stat file;
    int tree = mount_tree_copy(entry->target, &file);
    uint64_t flags = MOUNT_ATTR_NOSUID;
    if (!S_ISCHR(file.st_mode) && !S_ISBLK(file.st_mode))
        flags |= MOUNT_ATTR_NODEV;
    /* A writable tree is not executable. */
    flags |= entry->kind == READ_ONLY ? MOUNT_ATTR_RDONLY : MOUNT_ATTR_NOEXEC;
    mount_tree_restrict(tree, entry->target, flags);
    mount_tree_attach(tree, root, entry->path, S_ISDIR(file.st_mode));
    close(tree);
}

void root_change(bool owns_mounts)
{
    if (entry_count == 0)
        return;
    if (!owns_mounts)
        fail("%s: requires --unshare mount", entries[0].path);
    qsort(entries, entry_count, sizeof *entries, in_order);
    int root = mount_tree_new_root();
    for (size_t index = 0; index < entry_count; index++) {
        const struct entry *entry = &entries[index];
        if (entry->kind == SYMBOLIC_LINK)
            mount_tree_link(root, entry->path, entry->target);
        else
            bind_into(root, entry);
    }
    mount_tree_become_root(root);
}
