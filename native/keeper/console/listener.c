#include "listener.h"
#include "note.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64, PAUSE_MS = 1000 };

bool listener_open(struct listener *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *listener = (struct listener){.path = path, .watch = {.fd = -1}};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(address.sun_path, path);
    if (unlink(path) < 0 && errno != ENOENT)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    /* umask is 077 from the start. */
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return false;
    }
    listener->watch.fd = fd;
    return true;
}

void listener_prepare(struct listener *listener)
{
    listener->watch.happened = 0;
    if (listener->pause_until > now_ms())
        loop_wake_at(listener->pause_until);
    else
        loop_watch(&listener->watch, POLLIN);
}

int listener_accept(struct listener *listener, int flags)
{
    if (!listener->watch.happened)
        return -1;
    int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_CLOEXEC | flags);
    if (fd >= 0 || errno == EINTR || errno == ECONNABORTED)
        return fd;
    listener->watch.happened = 0;
    if (errno != EAGAIN) {
        note(listener->path);
        listener->pause_until = now_ms() + PAUSE_MS;
    }
    return -1;
}

void listener_close(struct listener *listener)
{
    if (listener->watch.fd < 0)
        return;
    watch_close(&listener->watch);
    unlink(listener->path);
}
