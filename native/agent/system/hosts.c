#include "hosts.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PATH[] = "/etc/hosts", BEGIN[] = "# vmlet ", END[] = "# end of vmlet ";

/* Returns the beginning of the line after this one. */
static char *after_line(char *line)
{
    char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* Returns the length of the network's name in a line with this mark, 0 for another line. */
static size_t name_after(const char *line, const char *mark)
{
    size_t before = strlen(mark), length;
    if (strncmp(line, mark, before) != 0)
        return 0;
    length = strcspn(line + before, " \t\r\n");
    return line[before + length] == '\n' || line[before + length] == 0 ? length : 0;
}

/* Returns the line after the block that begins here; NULL for a line that begins none, or one that was not ended. */
static char *after_block(char *line)
{
    size_t length = name_after(line, BEGIN);
    const char *name = line + strlen(BEGIN);
    for (char *at = after_line(line); length > 0 && *at; at = after_line(at))
        if (name_after(at, END) == length && strncmp(at + strlen(END), name, length) == 0)
            return after_line(at);
    return NULL;
}

char *hosts_first_block(char *text)
{
    char *at = text;
    while (*at && !after_block(at))
        at = after_line(at);
    return at;
}

void hosts_strip(char *text)
{
    char *to = text;
    for (char *at = text; *at;) {
        char *next = after_block(at);
        if (!next) {
            next = after_line(at);
            memmove(to, at, (size_t)(next - at));
            to += next - at;
        }
        at = next;
    }
    *to = 0;
}

/* Reads the file, which may be missing; the caller frees the text. 0 or an errno. */
static int read_hosts(const char *path, char **text, mode_t *mode)
{
    struct stat status;
    size_t length = 0;
    ssize_t count = 0;
    int reason = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    *mode = 0644;
    if (fd < 0 && errno != ENOENT)
        return errno;
    if (!(*text = malloc(HOSTS_MAX + 1)))
        reason = ENOMEM;
    else if (fd >= 0 && fstat(fd, &status) < 0)
        reason = errno;
    else if (fd >= 0 && !S_ISREG(status.st_mode))
        reason = EINVAL;
    else if (fd >= 0)
        *mode = status.st_mode & 07777;
    while (!reason && fd >= 0 && length < HOSTS_MAX && (count = read(fd, *text + length, HOSTS_MAX - length)) > 0)
        length += (size_t)count;
    if (!reason && count < 0)
        reason = errno;
    if (!reason && length == HOSTS_MAX)
        reason = EFBIG;
    if (!reason)
        (*text)[length] = 0;
    if (fd >= 0)
        close(fd);
    return reason;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    for (ssize_t count = 0; left > 0; left -= (size_t)count, text += count)
        if ((count = write(fd, text, left)) < 0)
            return false;
    return true;
}

/* By a rename, as a push does: programs of the guest find the old text or the new one. */
static int replace(const char *path, const char *others, const char *blocks, mode_t mode)
{
    char temporary[PATH_MAX];
    size_t length = strlen(others);
    const char *newline = length > 0 && others[length - 1] != '\n' ? "\n" : "";
    if (snprintf(temporary, sizeof temporary, "%s.vmlet-%d", path, (int)getpid()) >= (int)sizeof temporary)
        return ENAMETOOLONG;
    /* A guest that was killed before the rename has left it, and numbers of processes repeat at each boot. */
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    bool good = write_all(fd, others) && write_all(fd, newline) && write_all(fd, blocks) && fchmod(fd, mode) == 0 &&
                /* Otherwise the file may be empty after a reset. */
                fsync(fd) == 0;
    int reason = good ? 0 : errno;
    if (close(fd) < 0 && !reason)
        reason = errno;
    if (!reason && rename(temporary, path) < 0)
        reason = errno;
    if (reason)
        unlink(temporary);
    return reason;
}

/* True when the text ends with these blocks and has no others. */
static bool has_only(const char *text, const char *others, const char *blocks)
{
    size_t length = strlen(others);
    return strlen(text) == length + strlen(blocks) && strncmp(text, others, length) == 0 &&
           strcmp(text + length, blocks) == 0;
}

int hosts_set_blocks(const char *blocks)
{
    char path[PATH_MAX], *text = NULL, *others = NULL;
    mode_t mode;
    /* A symbolic link is kept, and its target is replaced. */
    if (!realpath(PATH, path))
        snprintf(path, sizeof path, "%s", PATH);
    int reason = read_hosts(path, &text, &mode);
    if (!reason && !(others = strdup(text)))
        reason = ENOMEM;
    if (!reason) {
        hosts_strip(others);
        if (!has_only(text, others, blocks))
            reason = replace(path, others, blocks, mode);
    }
    free(text);
    free(others);
    return reason;
}
