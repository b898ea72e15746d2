#include "machine_id.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_LENGTH = 32 };

/* Where systemd keeps it while /etc cannot be written to; it mounts that file over the other, read-only. */
static const char TRANSIENT[] = "/run/machine-id";

static bool is_valid(const char *id)
{
    return strlen(id) == ID_LENGTH && strspn(id, "0123456789abcdef") == ID_LENGTH;
}

static bool is_file(const char *path, struct stat *status)
{
    return stat(path, status) == 0 && S_ISREG(status->st_mode);
}

/* In place: the file may be a mount of its own, which cannot be replaced, and the new text is as long as the old. */
static int overwrite(const char *path, const char *id)
{
    char line[ID_LENGTH + 2];
    size_t length = (size_t)snprintf(line, sizeof line, "%s\n", id);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    ssize_t written = pwrite(fd, line, length, 0);
    int reason = written < 0 ? errno : written != (ssize_t)length ? ENOSPC : 0;
    if (!reason && ftruncate(fd, (off_t)length) < 0)
        reason = errno;
    if (close(fd) < 0 && !reason)
        reason = errno;
    return reason;
}

static int set(const char *path, const char *id)
{
    struct stat status, transient;
    if (!is_file(path, &status))
        return 0;
    int reason = overwrite(path, id);
    bool is_mounted = reason == EROFS && is_file(TRANSIENT, &transient) && transient.st_ino == status.st_ino &&
                      transient.st_dev == status.st_dev;
    return is_mounted ? overwrite(TRANSIENT, id) : reason;
}

int machine_id_set(const char *id)
{
    if (!is_valid(id))
        return EINVAL;
    int reason = set("/etc/machine-id", id);
    /* Mostly a link to the other. */
    return reason ? reason : set("/var/lib/dbus/machine-id", id);
}
