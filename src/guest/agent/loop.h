/* The epoll loop: who is readable or writable, which child ended, how late it is. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Edge-triggered: a flag stays set until its owner meets EAGAIN and clears it. */
struct watch {
    int fd;
    bool readable;
    bool writable;
    /* The other side is gone (EPOLLHUP or EPOLLERR); for the virtio port: the host is not connected. */
    bool hung_up;
};

void loop_start(void);
/* Takes over `fd` and makes it non-blocking. False (errno set, fd closed) when the kernel refuses. */
bool watch_open(struct watch *watch, int fd);
void watch_close(struct watch *watch);

/* Waits until something happens or `timeout_ms` is over (-1: for ever, 0: only looks). */
void loop_wait(int timeout_ms);

/* Milliseconds on a clock that never jumps. */
int64_t now_ms(void);
