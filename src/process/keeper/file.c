#include "file.h"
#include "note.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool write_all(int fd, const char *bytes, size_t length, size_t *written)
{
    for (*written = 0; *written < length;) {
        ssize_t count = write(fd, bytes + *written, length - *written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        *written += (size_t)count;
    }
    return true;
}

static bool sync_directory_of(const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static bool put_in_place(const char *path, const char *content, size_t length, bool lasting)
{
    char fresh[PATH_MAX];
    size_t written;
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool complete = write_all(fd, content, length, &written) && (!lasting || fsync(fd) == 0);
    int reason = errno;
    close(fd);
    if (complete && rename(fresh, path) == 0)
        return !lasting || sync_directory_of(path);
    if (complete)
        reason = errno;
    unlink(fresh);
    errno = reason;
    return false;
}

bool file_replace(const char *path, const char *content, size_t length)
{
    return put_in_place(path, content, length, true);
}

bool file_exchange(const char *path, const char *content, size_t length)
{
    return put_in_place(path, content, length, false);
}

void file_remove_flat_directory(const char *directory)
{
    DIR *entries = opendir(directory);
    if (!entries) {
        if (errno != ENOENT)
            note(directory);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));)
        unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    if (rmdir(directory) < 0)
        note(directory);
}
