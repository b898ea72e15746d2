#include "stream.h"
#include "bytes.h"
#include "port.h"
#include "sink.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    /* Maximum content of a terminal's buffers when its command ends. */
    TERMINAL_BUDGET = 64 * 1024,
    /* Minimum size of a credit grant. */
    GRANT = WINDOW / 4,
    /* A command that writes small pieces would wake us, and the host, for each of them. After a piece smaller than this
     * we wait for a moment, in which the pipe fills. */
    SMALL_PIECE = PAYLOAD_MAX / 2,
    PAUSE_MS = 1,
};

bool source_open(struct source *source, int fd, uint8_t number, bool is_terminal)
{
    *source = (struct source){.credit = WINDOW, .budget = UINT32_MAX, .number = number, .is_terminal = is_terminal};
    source->open = watch_open(&source->watch, fd);
    return source->open;
}

bool source_grant(struct source *source, uint32_t bytes)
{
    if (bytes > WINDOW - source->credit)
        return false;
    source->credit += bytes;
    return true;
}

void source_limit(struct source *source)
{
    int waiting = 0;
    if (!source->open)
        return;
    if (source->is_terminal)
        source->budget = TERMINAL_BUDGET;
    else if (ioctl(source->watch.fd, FIONREAD, &waiting) == 0)
        source->budget = (uint32_t)waiting;
    source->watch.readable = true;
}

static void finish(struct source *source, uint32_t channel, bool at_end)
{
    /* A process that inherited the pipe can keep writing, and is neither blocked nor killed by it. */
    if (!at_end && !source->is_terminal)
        sink_adopt(&source->watch);
    source_close(source);
    port_send(FRAME_END, source->number, channel, NULL, 0);
}

bool source_pump(struct source *source, uint32_t channel)
{
    if (!source->open || !source->watch.readable)
        return false;
    if (source->budget == 0) {
        finish(source, channel, false);
        return true;
    }
    if (source->credit == 0)
        return false;
    if (source->budget == UINT32_MAX && source->pause_until > now_ms()) {
        loop_wake_at(source->pause_until);
        return false;
    }
    uint8_t *room = port_reserve();
    if (!room)
        return false;
    uint32_t most = PAYLOAD_MAX;
    if (source->credit < most)
        most = source->credit;
    if (source->budget < most)
        most = source->budget;
    ssize_t count = read(source->watch.fd, room, most);
    if (count > 0) {
        port_commit(FRAME_DATA, source->number, channel, (uint32_t)count);
        source->credit -= (uint32_t)count;
        source->pause_until = count < SMALL_PIECE ? now_ms() + PAUSE_MS : 0;
        if (source->budget != UINT32_MAX)
            source->budget -= (uint32_t)count;
        return true;
    }
    if (count < 0 && errno == EINTR)
        return true;
    if (count < 0 && errno == EAGAIN) {
        source->watch.readable = false;
        if (source->budget == UINT32_MAX)
            return false;
        finish(source, channel, false);
        return true;
    }
    /* A terminal whose last user has left returns EIO. */
    finish(source, channel, true);
    return true;
}

void source_close(struct source *source)
{
    if (source->open)
        watch_close(&source->watch);
    source->open = false;
}

bool drain_open(struct drain *drain, int fd, bool is_terminal)
{
    *drain = (struct drain){.is_terminal = is_terminal, .last = '\n'};
    drain->open = watch_open(&drain->watch, fd);
    drain->watch.writable = true;
    return drain->open;
}

static bool append(struct drain *drain, const uint8_t *bytes, size_t length)
{
    size_t waiting = drain->end - drain->start;
    if (drain->start > 0) {
        memmove(drain->bytes, drain->bytes + drain->start, waiting);
        drain->start = 0;
        drain->end = waiting;
    }
    if (waiting + length > drain->capacity) {
        size_t capacity = waiting + length;
        uint8_t *larger = realloc(drain->bytes, capacity);
        if (!larger)
            return false;
        drain->bytes = larger;
        drain->capacity = capacity;
    }
    memcpy(drain->bytes + waiting, bytes, length);
    drain->end += length;
    return true;
}

/* Returns the number of bytes that the command took. */
static size_t feed(struct drain *drain, const uint8_t *bytes, size_t length)
{
    size_t taken = 0;
    while (drain->open && drain->watch.writable && taken < length) {
        ssize_t count = write(drain->watch.fd, bytes + taken, length - taken);
        if (count > 0) {
            taken += (size_t)count;
            drain->last = bytes[taken - 1];
        } else if (count < 0 && errno == EAGAIN) {
            drain->watch.writable = false;
        } else if (count == 0 || errno != EINTR) {
            drain_close(drain);
        }
    }
    drain->owed += (uint32_t)taken;
    return taken;
}

bool drain_receive(struct drain *drain, const uint8_t *bytes, uint32_t length)
{
    if (!drain->open)
        return true;
    if (drain->ended)
        return false;
    size_t waiting = drain->end - drain->start;
    if (waiting + drain->owed + length > WINDOW)
        return false;
    size_t taken = waiting == 0 ? feed(drain, bytes, length) : 0;
    if (!drain->open || taken == length)
        return true;
    return append(drain, bytes + taken, length - taken);
}

void drain_end(struct drain *drain) { drain->ended = true; }

/* Control-D: the first one completes an unfinished line, and only one on an empty line is an end of file. */
static const uint8_t END_OF_FILE[2] = {4, 4};

static void finish_input(struct drain *drain)
{
    size_t length = drain->last == '\n' || drain->last == '\r' ? 1 : 2;
    /* A terminal stays open, because it also carries the command's output: its end of file is typed. */
    if (drain->is_terminal && write(drain->watch.fd, END_OF_FILE, length) < 0 && errno == EAGAIN) {
        drain->watch.writable = false;
        return;
    }
    drain_close(drain);
}

bool drain_pump(struct drain *drain, uint32_t channel)
{
    bool progress = false;
    if (!drain->open)
        return false;
    if (drain->start < drain->end) {
        size_t taken = feed(drain, drain->bytes + drain->start, drain->end - drain->start);
        progress = taken > 0;
        if (drain->open)
            drain->start += taken;
        if (drain->open && drain->start == drain->end) {
            free(drain->bytes);
            drain->bytes = NULL;
            drain->start = drain->end = drain->capacity = 0;
        }
    }
    if (drain->open && drain->start == drain->end && drain->ended && drain->watch.writable)
        finish_input(drain);
    else if (drain->open && drain->watch.hung_up)
        drain_close(drain);
    if (!drain->open && !drain->ended) {
        drain->ended = true;
        port_send(FRAME_END, STREAM_INPUT, channel, NULL, 0);
        return true;
    }
    if (drain->open && !drain->ended && drain->owed >= GRANT) {
        uint8_t bytes[4];
        put_u32(bytes, drain->owed);
        drain->owed = 0;
        port_send(FRAME_CREDIT, STREAM_INPUT, channel, bytes, sizeof bytes);
    }
    return progress;
}

void drain_close(struct drain *drain)
{
    if (drain->open)
        watch_close(&drain->watch);
    drain->open = false;
    free(drain->bytes);
    drain->bytes = NULL;
    drain->start = drain->end = drain->capacity = 0;
}
