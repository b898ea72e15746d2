#include "loop.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 64 };

static int epoll_fd = -1;
static int64_t wake_at = INT64_MAX;

bool loop_start(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd >= 0;
}

bool watch_open(struct watch *watch, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = watch};
    *watch = (struct watch){.fd = fd};
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        int reason = errno;
        close(fd);
        watch->fd = -1;
        errno = reason;
        return false;
    }
    return true;
}

void watch_close(struct watch *watch)
{
    if (watch->fd < 0)
        return;
    /* A forked child may hold the file open for a moment, and epoll tracks files, not descriptors. */
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    close(watch->fd);
    *watch = (struct watch){.fd = -1};
}

void loop_wake_at(int64_t time)
{
    if (time < wake_at)
        wake_at = time;
}

static int timeout(bool busy)
{
    if (busy)
        return 0;
    if (wake_at == INT64_MAX)
        return -1;
    int64_t left = wake_at - now_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

bool loop_wait(bool busy)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, timeout(busy));
    wake_at = INT64_MAX;
    for (int index = 0; index < count; index++) {
        struct watch *watch = events[index].data.ptr;
        uint32_t happened = events[index].events;
        if (happened & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            watch->readable = true;
        if (happened & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            watch->finished = true;
        if (happened & (EPOLLOUT | EPOLLHUP | EPOLLERR))
            watch->writable = true;
        watch->hung_up = happened & (EPOLLHUP | EPOLLERR);
    }
    return count >= 0 || errno == EINTR;
}

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t now_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC);
}

int64_t wall_ms(void)
{
    return milliseconds(CLOCK_REALTIME);
}
