#include "machine_id.h"
#include "text_file.h"
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_LENGTH = 32 };

/* systemd's location while /etc is read-only; it bind-mounts this file over the other, read-only. */
static const char TRANSIENT[] = "/run/machine-id";

static bool is_valid(const char *id)
{
    return strlen(id) == ID_LENGTH && strspn(id, "0123456789abcdef") == ID_LENGTH;
}

/* A symbolic link to the other file, as D-Bus mostly has, is set through its target. */
static bool is_file(const char *path, struct stat *status)
{
    return lstat(path, status) == 0 && S_ISREG(status->st_mode);
}

static int set(const char *path, const char *line)
{
    struct stat status, transient;
    if (!is_file(path, &status))
        return 0;
    int reason = text_file_write(path, line);
    bool is_mounted = reason == EROFS && is_file(TRANSIENT, &transient) && transient.st_ino == status.st_ino &&
                      transient.st_dev == status.st_dev;
    return is_mounted ? text_file_write(TRANSIENT, line) : reason;
}

/* Reads the previous ID; empty if there is none. */
static void read_id(char id[ID_LENGTH + 1])
{
    id[0] = '\0';
    FILE *file = fopen("/etc/machine-id", "re");
    if (!file)
        return;
    if (!fgets(id, ID_LENGTH + 1, file) || !is_valid(id))
        id[0] = '\0';
    fclose(file);
}

/* Links the journal's folders: journald keeps writing to the folder of the ID that it started with, and journalctl
 * reads that of the current one. */
static void link_journal(const char *folder, const char *former, const char *id)
{
    char written[PATH_MAX], read[PATH_MAX];
    snprintf(written, sizeof written, "%s/%s", folder, former);
    snprintf(read, sizeof read, "%s/%s", folder, id);
    /* Without the link, only journalctl is affected: it then shows nothing. */
    if (access(written, F_OK) == 0 && symlink(former, read) != 0)
        return;
}

int machine_id_set(const char *id)
{
    char former[ID_LENGTH + 1], line[ID_LENGTH + 2];
    if (!is_valid(id))
        return EINVAL;
    read_id(former);
    if (former[0] && strcmp(former, id) != 0) {
        link_journal("/run/log/journal", former, id);
        link_journal("/var/log/journal", former, id);
    }
    snprintf(line, sizeof line, "%s\n", id);
    int reason = set("/etc/machine-id", line);
    return reason ? reason : set("/var/lib/dbus/machine-id", line);
}
