#include "file.h"
#include "note.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SPARE_BYTES = 4096 };

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

/* ext4 writes a file to the disk when it is renamed over another one, which takes tens of milliseconds on a busy disk;
 * not when the two are exchanged. A power cut in the next half minute may then leave an empty file: readers take that
 * for no record, and the machine is not running. */
static bool rename_over(const char *fresh, const char *path, bool lasting)
{
    if (!lasting && renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        unlink(fresh);
        return true;
    }
    return rename(fresh, path) == 0;
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
    if (complete && rename_over(fresh, path, lasting))
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

static bool spare_of(const char *path, char spare[PATH_MAX])
{
    if (snprintf(spare, PATH_MAX, "%s.spare", path) < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

bool file_keep_spare(const char *path)
{
    static const char zeros[SPARE_BYTES];
    char spare[PATH_MAX];
    size_t written;
    if (!spare_of(path, spare))
        return false;
    int fd = open(spare, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool kept = write_all(fd, zeros, sizeof zeros, &written);
    close(fd);
    return kept;
}

void file_drop_spare(const char *path)
{
    char spare[PATH_MAX];
    if (!spare_of(path, spare) || (unlink(spare) < 0 && errno != ENOENT))
        note(path);
}

/* Overwrites allocated bytes of the spare, which needs no space, and swaps the two files. Not used normally: a reader
 * that opened the file before its last change may still be reading the one that is overwritten. */
static bool exchange_spare(const char *path, const char bytes[SPARE_BYTES])
{
    char spare[PATH_MAX];
    size_t written;
    if (!spare_of(path, spare))
        return false;
    int fd = open(spare, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool complete = write_all(fd, bytes, SPARE_BYTES, &written);
    close(fd);
    return complete && renameat2(AT_FDCWD, spare, AT_FDCWD, path, RENAME_EXCHANGE) == 0;
}

bool file_exchange(const char *path, const char *content, size_t length)
{
    char bytes[SPARE_BYTES];
    bool fits = length <= sizeof bytes;
    /* Blanks are ignored in JSON. They reserve the space that the other file will need. */
    if (fits) {
        memset(bytes, ' ', sizeof bytes);
        memcpy(bytes, content, length);
    }
    if (put_in_place(path, fits ? bytes : content, fits ? sizeof bytes : length, false))
        return true;
    int reason = errno;
    bool is_full = reason == ENOSPC || reason == EDQUOT;
    if (is_full && fits && exchange_spare(path, bytes))
        return true;
    errno = reason;
    return false;
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
