#include "loop.h"
#include "note.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { WATCHES_MAX = 128 };

static struct pollfd polled[WATCHES_MAX];
static struct watch *watches[WATCHES_MAX];
static unsigned count;
static int64_t wake_at = INT64_MAX;

void loop_watch(struct watch *watch, short events)
{
    watch->happened = 0;
    if (watch->fd < 0 || count == WATCHES_MAX)
        return;
    watches[count] = watch;
    polled[count++] = (struct pollfd){.fd = watch->fd, .events = events};
}

void loop_wake_at(int64_t time)
{
    if (time < wake_at)
        wake_at = time;
}

static int timeout(void)
{
    if (wake_at == INT64_MAX)
        return -1;
    int64_t left = wake_at - now_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void loop_wait(void)
{
    int ready = poll(polled, count, timeout());
    if (ready < 0 && errno != EINTR)
        note("poll");
    for (unsigned index = 0; index < count; index++)
        watches[index]->happened = ready > 0 ? polled[index].revents : 0;
    count = 0;
    wake_at = INT64_MAX;
}

void watch_close(struct watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    *watch = (struct watch){.fd = -1};
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
