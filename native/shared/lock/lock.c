#include "lock.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum lock_result lock_take(const char *path, ino_t *inode)
{
    for (;;) {
        struct stat locked, named;
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0)
            return LOCK_FAILED;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &locked) < 0) {
            int reason = errno;
            close(fd);
            errno = reason;
            return reason == EWOULDBLOCK ? LOCK_BUSY : LOCK_FAILED;
        }
        /* The previous holder may have removed the file; a lock on a removed file excludes nobody. */
        if (stat(path, &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev) {
            *inode = locked.st_ino;
            return LOCK_HELD;
        }
        close(fd);
    }
}
