#include "volumes.h"
#include "text_file.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { VOLUMES_MAX = 16, SERIAL_MAX = 32, TRIES = 1000 };

static char noted[VOLUMES_MAX][PATH_MAX];

static bool has_serial(const char *disk, const char *serial)
{
    char path[PATH_MAX], found[SERIAL_MAX];
    snprintf(path, sizeof path, "/sys/block/%s/serial", disk);
    if (text_file_read(path, found, sizeof found) < 0)
        return false;
    found[strcspn(found, "\n")] = 0;
    return strcmp(found, serial) == 0;
}

static bool look(const char *serial, char *device, size_t size)
{
    bool is_there = false;
    DIR *disks = opendir("/sys/block");
    for (struct dirent *disk; disks && !is_there && (disk = readdir(disks));) {
        is_there = has_serial(disk->d_name, serial);
        if (is_there)
            snprintf(device, size, "/dev/%s", disk->d_name);
    }
    if (disks)
        closedir(disks);
    return is_there && access(device, F_OK) == 0;
}

bool volume_find(const char *serial, char *device, size_t size)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int tries = 0; tries < TRIES; tries++) {
        if (look(serial, device, size))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

bool disk_await(const char *serial)
{
    char device[PATH_MAX];
    if (!volume_find(serial, device, sizeof device))
        return false;
    /* Opening waits until the kernel has read the partition table. */
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void volumes_note(const char *path)
{
    for (int index = 0; index < VOLUMES_MAX; index++) {
        if (strcmp(noted[index], path) == 0)
            return;
        if (noted[index][0])
            continue;
        snprintf(noted[index], sizeof noted[index], "%s", path);
        return;
    }
}

void volumes_release(void)
{
    sync();
    for (int index = 0; index < VOLUMES_MAX && noted[index][0]; index++) {
        int fd = open(noted[index], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* Freezing empties the journal. Unmounting would fail where a process uses the volume. */
        if (fd >= 0 && ioctl(fd, FIFREEZE, 0) < 0)
            sync();
        if (fd >= 0)
            close(fd);
    }
}
