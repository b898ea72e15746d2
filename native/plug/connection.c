#include "connection.h"
#include "loop.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>

enum wait_result wait_for(int fd, int milliseconds)
{
    int64_t end = milliseconds < 0 ? INT64_MAX : now_ms() + milliseconds;
    for (;;) {
        struct pollfd watched[] = {{.fd = fd, .events = POLLIN}, {.fd = QEMU_CONNECTION, .events = POLLRDHUP}};
        int64_t left = end - now_ms();
        int count = poll(watched, 2, milliseconds < 0 ? -1 : left < 0 ? 0 : (int)left);
        if (count < 0 && errno != EINTR)
            return WAIT_QEMU_LEFT;
        if (count > 0 && watched[1].revents)
            return WAIT_QEMU_LEFT;
        if (count > 0)
            return WAIT_READABLE;
        if (end <= now_ms())
            return WAIT_TIMED_OUT;
    }
}
