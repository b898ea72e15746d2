#include "machine_id.h"
#include "system.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ID_LENGTH = 32 };

/* Where systemd keeps it while /etc cannot be written to; it mounts that file over the other, read-only. */
static const char TRANSIENT[] = "/run/machine-id";

static bool is_valid(const char *id)
{
    return strlen(id) == ID_LENGTH && strspn(id, "0123456789abcdef") == ID_LENGTH;
}

/* What is a link to another, as that of D-Bus mostly is, is set by that one. */
static bool is_file(const char *path, struct stat *status)
{
    return lstat(path, status) == 0 && S_ISREG(status->st_mode);
}

static int set(const char *path, const char *line)
{
    struct stat status, transient;
    if (!is_file(path, &status))
        return 0;
    int reason = write_file(path, line);
    bool is_mounted = reason == EROFS && is_file(TRANSIENT, &transient) && transient.st_ino == status.st_ino &&
                      transient.st_dev == status.st_dev;
    return is_mounted ? write_file(TRANSIENT, line) : reason;
}

int machine_id_set(const char *id)
{
    char line[ID_LENGTH + 2];
    if (!is_valid(id))
        return EINVAL;
    snprintf(line, sizeof line, "%s\n", id);
    int reason = set("/etc/machine-id", line);
    return reason ? reason : set("/var/lib/dbus/machine-id", line);
}
