#include "lock.h"
#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
        /* Whoever had the lock may have removed the file; a lock on a file without a name keeps nobody out. */
        if (stat(path, &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev) {
            *inode = locked.st_ino;
            return LOCK_HELD;
        }
        close(fd);
    }
}

int lock_hold(const char *path)
{
    ino_t inode;
    char ignored[256];
    ssize_t count;
    /* Ctrl-C in a terminal is for the one who wants the lock; it goes on needing it while it cleans up. */
    setsid();
    switch (lock_take(path, &inode)) {
    case LOCK_BUSY:
        report("busy");
        return EXIT_BUSY;
    case LOCK_FAILED:
        report("failed %s: %s", path, strerror(errno));
        return 1;
    case LOCK_HELD:
        report("held %llu", (unsigned long long)inode);
    }
    do
        count = read(STDIN_FILENO, ignored, sizeof ignored);
    while (count > 0 || (count < 0 && errno == EINTR));
    return 0;
}
