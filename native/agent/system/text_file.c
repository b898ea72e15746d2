#include "text_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

ssize_t text_file_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length >= 0)
        text[length] = 0;
    return length;
}

/* In place: a new file and a rename take twice as long in a fork, and do not work on a mount. */
static int overwrite(int fd, const char *text, size_t length)
{
    char content[4096];
    ssize_t count = pread(fd, content, sizeof content, 0);
    if (count == (ssize_t)length && memcmp(content, text, length) == 0)
        return 0;
    ssize_t written = pwrite(fd, text, length, 0);
    int reason = written < 0 ? errno : written != (ssize_t)length ? ENOSPC : 0;
    /* Truncating is slow in a fork without KVM: its code has to be translated. */
    bool is_longer = count < 0 || (size_t)count > length || count == sizeof content;
    return !reason && is_longer && ftruncate(fd, (off_t)length) < 0 ? errno : reason;
}

int text_file_write(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    /* The link may lead to a file of another program, such as resolved. */
    if (fd < 0 && errno == ELOOP && unlink(path) == 0)
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno;
    int reason = overwrite(fd, text, strlen(text));
    return close(fd) < 0 && !reason ? errno : reason;
}

void text_file_set(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, value, strlen(value)) < 0)
        errno = 0; /* As if the kernel lacked it. */
    if (fd >= 0)
        close(fd);
}
