/* The epoll loop: watches descriptors and times. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Edge-triggered: a flag stays set until its owner gets EAGAIN and clears it. */
struct watch {
    int fd;
    bool readable;
    bool writable;
    /* The other side sends nothing more; there may be something left to read. */
    bool finished;
    /* The other side is gone (EPOLLHUP or EPOLLERR); for the virtio port: the host is not connected. */
    bool hung_up;
};

/* False, errno set. */
bool loop_start(void);
/* Takes over `fd` and makes it non-blocking. False (errno set, fd closed) on failure. The watch must not move until
 * watch_close. */
bool watch_open(struct watch *watch, int fd);
void watch_close(struct watch *watch);

/* The next wait ends at `time` (of now_ms) at the latest. */
void loop_wake_at(int64_t time);
/* Waits until something happens or until the earliest time requested since the last wait; `busy` only checks. False,
 * errno set, on failure. */
bool loop_wait(bool busy);

/* Milliseconds on a clock that never jumps. */
int64_t now_ms(void);
/* Milliseconds since 1970. */
int64_t wall_ms(void);
