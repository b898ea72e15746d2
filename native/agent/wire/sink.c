#include "sink.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { SINKS_MAX = 256, BYTES_AT_ONCE = 16384 };

static struct watch sinks[SINKS_MAX];
static unsigned used;
static unsigned oldest;

void sink_adopt(struct watch *watch)
{
    struct watch *sink = NULL;
    for (unsigned index = 0; index < used && !sink; index++)
        if (sinks[index].fd < 0)
            sink = &sinks[index];
    if (!sink && used < SINKS_MAX)
        sink = &sinks[used++];
    if (!sink) {
        sink = &sinks[oldest++ % SINKS_MAX];
        watch_close(sink);
    }
    int fd = fcntl(watch->fd, F_DUPFD_CLOEXEC, 3);
    watch_close(watch);
    sink->fd = -1;
    if (fd >= 0 && watch_open(sink, fd))
        sink->readable = true;
}

bool sinks_pump(void)
{
    bool more = false;
    for (unsigned index = 0; index < used; index++) {
        struct watch *sink = &sinks[index];
        uint8_t bytes[BYTES_AT_ONCE];
        if (sink->fd < 0 || !sink->readable)
            continue;
        ssize_t count = read(sink->fd, bytes, sizeof bytes);
        if (count > 0)
            more = true;
        else if (count < 0 && (errno == EAGAIN || errno == EINTR))
            sink->readable = errno == EINTR;
        else
            watch_close(sink);
    }
    return more;
}
