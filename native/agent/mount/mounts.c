#include "mounts.h"
#include "freshness.h"
#include "modules.h"
#include "virtiofs.h"
#include "volumes.h"
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names the file systems in memory that the host asked for. */
static const char in_memory[] = "vmlet";

struct directory {
    const char *tag, *path;
    uint32_t flags;
};

bool mounts_is_field(uint8_t tag)
{
    return tag == FIELD_MOUNT || tag == FIELD_PATH || tag == FIELD_FLAGS;
}

/* Reads the next directory. 0 at the end, -1 for a request that is no list of directories. */
static int next(struct field_reader *reader, struct directory *directory)
{
    struct field field;
    *directory = (struct directory){0};
    for (struct field_reader ahead = *reader; field_next(&ahead, &field); *reader = ahead) {
        if (field.tag == FIELD_MOUNT) {
            if (directory->tag)
                break;
            directory->tag = field_text(&field);
            if (!directory->tag)
                return -1;
        } else if (field.tag == FIELD_PATH) {
            directory->path = field_text(&field);
        } else if (field.tag == FIELD_FLAGS && !field_u32(&field, &directory->flags)) {
            return -1;
        }
    }
    if (!directory->tag)
        return directory->path || directory->flags ? -1 : 0;
    if (!directory->path)
        return directory->flags == MOUNT_DISK ? 1 : -1;
    return directory->path[0] == '/' ? 1 : -1;
}

void mounts_note(struct field_reader request)
{
    struct directory directory;
    while (next(&request, &directory) > 0) {
        if (directory.flags & MOUNT_FRESH)
            freshness_note(directory.tag);
        if (directory.path && directory.flags & MOUNT_DISK && !(directory.flags & MOUNT_READ_ONLY))
            volumes_note(directory.path);
    }
}

static int make_path(const char *path)
{
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part)
        return ENAMETOOLONG;
    strcpy(part, path);
    for (char *slash = part; slash; *slash = '/') {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return errno;
        if (!slash)
            break;
    }
    return 0;
}

struct file_system {
    const char *type, *source, *options;
};

static bool is_mounted_at(const struct file_system *system, const char *path)
{
    bool found = false;
    FILE *file = setmntent("/proc/self/mounts", "re");
    for (struct mntent *entry; file && !found && (entry = getmntent(file));)
        found = strcmp(entry->mnt_type, system->type) == 0 && strcmp(entry->mnt_fsname, system->source) == 0 &&
                strcmp(entry->mnt_dir, path) == 0;
    if (file)
        endmntent(file);
    return found;
}

/* The kernel lists paths without symbolic links. A link is followed only if it must be: that may wait for the host. */
static bool is_mounted(const struct file_system *system, const char *path)
{
    char real[PATH_MAX];
    return is_mounted_at(system, path) || (realpath(path, real) && is_mounted_at(system, real));
}

static unsigned long flags_of(const struct directory *directory)
{
    return MS_NOSUID | MS_NODEV | (directory->flags & MOUNT_READ_ONLY ? MS_RDONLY : 0);
}

static int mount_system(const struct file_system *system, const struct directory *directory)
{
    if (is_mounted(system, directory->path))
        return 0;
    int reason = make_path(directory->path);
    if (reason)
        return reason;
    return mount(system->source, directory->path, system->type, flags_of(directory), system->options) < 0 ? errno : 0;
}

static int mount_share(const struct directory *directory)
{
    struct file_system system = {.type = "virtiofs", .source = directory->tag};
    if (is_mounted(&system, directory->path))
        return 0;
    int reason = make_path(directory->path);
    return reason ? reason : virtiofs_mount(directory->tag, directory->path, flags_of(directory), true);
}

/* In the guest's memory. */
static int mount_tmpfs(const struct directory *directory)
{
    struct file_system system = {.type = "tmpfs", .source = in_memory, .options = directory->tag};
    return mount_system(&system, directory);
}

/* mke2fs creates lost+found, which programs that want an empty directory refuse; e2fsck creates it when needed. */
static void remove_lost_and_found(const char *path)
{
    char place[PATH_MAX];
    if (snprintf(place, sizeof place, "%s/lost+found", path) < (int)sizeof place)
        rmdir(place);
}

static int mount_disk(const struct directory *directory)
{
    char device[PATH_MAX];
    module_load("virtio_blk");
    if (!directory->path)
        return disk_await(directory->tag) ? 0 : ENOTBLK;
    module_load("ext4");
    if (!volume_find(directory->tag, device, sizeof device))
        return ENOTBLK;
    bool is_writable = !(directory->flags & MOUNT_READ_ONLY);
    /* The host gets the space of removed files back. */
    struct file_system system = {.type = "ext4", .source = device, .options = is_writable ? "discard" : NULL};
    int reason = mount_system(&system, directory);
    if (!reason && is_writable)
        remove_lost_and_found(directory->path);
    /* For the host, ENODEV means that the guest's kernel has no virtiofs: ENOTBLK stands for a missing ext4. */
    return reason == ENODEV ? ENOTBLK : reason;
}

static int mount_one(const struct directory *directory)
{
    if (directory->flags & MOUNT_DISK)
        return mount_disk(directory);
    return directory->flags & MOUNT_MEMORY ? mount_tmpfs(directory) : mount_share(directory);
}

int mounts_apply(struct field_reader request, const char **subject)
{
    struct directory directory;
    int found, reason = 0;
    while (!reason && (found = next(&request, &directory)) != 0) {
        *subject = directory.path ? directory.path : directory.tag;
        reason = found < 0 ? EBADMSG : mount_one(&directory);
    }
    return reason;
}

