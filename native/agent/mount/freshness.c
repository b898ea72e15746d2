#include "freshness.h"
#include "text_file.h"
#include <fcntl.h>
#include <linux/mount.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct noted {
    struct noted *next;
    char tag[];
} *noted;

static bool is_noted(const char *tag)
{
    for (const struct noted *one = noted; one; one = one->next)
        if (strcmp(one->tag, tag) == 0)
            return true;
    return false;
}

void freshness_note(const char *tag)
{
    size_t size = strlen(tag) + 1;
    /* Without memory, the guest has greater problems than files of a second ago. */
    struct noted *one = is_noted(tag) ? NULL : malloc(sizeof *one + size);
    if (!one)
        return;
    memcpy(one->tag, tag, size);
    one->next = noted;
    noted = one;
}

/* The host's file systems below a directory have no tag: the guest's kernel mounts them by itself. */
static bool changes_on_host(const struct mntent *entry)
{
    return strcmp(entry->mnt_type, "virtiofs") == 0 &&
           (strcmp(entry->mnt_fsname, "none") == 0 || is_noted(entry->mnt_fsname));
}

/* The kernel drops the unused entries of a file system when it is reconfigured (shrink_dcache_sb), even if nothing
 * changes, and virtiofs keeps no files without entries. */
static bool forget(const char *path)
{
    int fd = (int)syscall(SYS_fspick, AT_FDCWD, path, FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);
    if (fd < 0)
        return false;
    long result = syscall(SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
    close(fd);
    return result == 0;
}

static bool forget_all(void)
{
    bool is_done = true;
    FILE *file = setmntent("/proc/self/mounts", "re");
    if (!file)
        return false;
    for (struct mntent *entry; (entry = getmntent(file));)
        if (changes_on_host(entry))
            is_done &= forget(entry->mnt_dir);
    endmntent(file);
    return is_done;
}

void freshness_restore(void)
{
    if (!noted || forget_all())
        return;
    /* All that is cached of all files, the guest's own included; without a line in the kernel's log each time. */
    text_file_set("/proc/sys/vm/drop_caches", "4");
    text_file_set("/proc/sys/vm/drop_caches", "2");
}
