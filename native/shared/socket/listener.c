#include "listener.h"
#include "note.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64, PAUSE_MS = 1000 };

/* Binds a name of the same length beside the path, which gets it when clients can connect. */
static bool listen_at(int fd, struct sockaddr_un *address, const char *path)
{
    size_t length = strlen(path);
    memcpy(address->sun_path, path, length);
    address->sun_path[length - 1] = '~';
    if (unlink(address->sun_path) < 0 && errno != ENOENT)
        return false;
    /* The socket is private: the umask is 077 from the start. */
    return bind(fd, (struct sockaddr *)address, sizeof *address) == 0 && listen(fd, BACKLOG) == 0 &&
           rename(address->sun_path, path) == 0;
}

bool listener_open(struct listener *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *listener = (struct listener){.path = path, .watch = {.fd = -1}};
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (!listen_at(fd, &address, path)) {
        int reason = errno;
        close(fd);
        errno = reason;
        return false;
    }
    return watch_open(&listener->watch, fd);
}

void listener_prepare(struct listener *listener)
{
    if (listener->watch.readable && listener->pause_until > now_ms())
        loop_wake_at(listener->pause_until);
}

int listener_accept(struct listener *listener)
{
    if (!listener->watch.readable || listener->pause_until > now_ms())
        return -1;
    for (;;) {
        int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        /* EINVAL: another holder of the socket has shut it down. */
        listener->watch.readable = errno != EAGAIN && errno != EINVAL;
        if (!listener->watch.readable)
            return -1;
        note(listener->path);
        listener->pause_until = now_ms() + PAUSE_MS;
        return -1;
    }
}

void listener_close(struct listener *listener)
{
    if (listener->watch.fd < 0)
        return;
    watch_close(&listener->watch);
    unlink(listener->path);
}
