#include "port.h"
#include "loop.h"
#include "note.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    INPUT_SIZE = 2 * FRAME_MAX,
    OUTPUT_SIZE = 512 * 1024,
    /* Stream content is accepted while less than this is queued. */
    CONTENT_MARK = 96 * 1024,
    /* Requests are accepted while less than this is queued; the rest is for the final frames of ending commands. */
    INPUT_MARK = 256 * 1024,
};

static struct watch port = {.fd = -1};
static enum port_kind kind;
static const struct port_events *events;
static bool connected;
static bool in_garbage;

static uint8_t input[INPUT_SIZE];
static size_t input_length;
static uint8_t output[OUTPUT_SIZE];
static size_t output_start, output_end;

static size_t queued(void) { return output_end - output_start; }

bool port_drained(void) { return !connected || queued() == 0; }

void port_clear_output(void) { output_start = output_end = 0; }

static void forget(void)
{
    input_length = 0;
    in_garbage = false;
    port_clear_output();
}

void port_attach(int fd, enum port_kind port_kind, const struct port_events *port_events)
{
    kind = port_kind;
    events = port_events;
    connected = false;
    forget();
    if (!watch_open(&port, fd))
        note("cannot watch the port");
    else if (kind == PORT_VIRTIO)
        port.hung_up = true; /* Until the first event, which arrives at once. */
}

bool port_attached(void) { return port.fd >= 0; }

void port_detach(void)
{
    if (connected)
        events->disconnected();
    connected = false;
    forget();
    watch_close(&port);
}

/* Skips to the next possible frame; zero bytes are padding, everything else is garbage. */
static size_t skip(size_t at)
{
    size_t zeros = at;
    while (zeros < input_length && input[zeros] == 0)
        zeros++;
    if (zeros > at)
        return zeros;
    if (!in_garbage) {
        in_garbage = true;
        events->garbage();
    }
    return at + frame_skip(input + at, input_length - at);
}

static bool dispatch(void)
{
    size_t at = 0;
    while (at < input_length && queued() < INPUT_MARK) {
        struct frame frame;
        enum frame_verdict verdict = frame_read(input + at, input_length - at, &frame);
        if (verdict == FRAME_PARTIAL)
            break;
        if (verdict == FRAME_INVALID) {
            at = skip(at);
            continue;
        }
        in_garbage = false;
        at += HEADER_SIZE + frame.length;
        events->frame(&frame);
        if (!connected)
            return true;
    }
    input_length -= at;
    memmove(input, input + at, input_length);
    return at > 0;
}

static void lose_host(void)
{
    if (kind == PORT_SOCKET) {
        port_detach();
        return;
    }
    uint8_t stale[4096];
    while (read(port.fd, stale, sizeof stale) > 0)
        continue;
    port.readable = false;
    if (connected)
        events->disconnected();
    connected = false;
    forget();
}

bool port_pump_input(void)
{
    if (port.fd < 0)
        return false;
    if (port.hung_up && kind == PORT_VIRTIO) {
        if (connected || port.readable)
            lose_host();
        return false;
    }
    if (!connected) {
        connected = true;
        events->connected();
    }
    bool progress = dispatch();
    if (!connected || !port.readable || input_length == INPUT_SIZE || queued() >= INPUT_MARK)
        return progress;
    ssize_t count = read(port.fd, input + input_length, INPUT_SIZE - input_length);
    if (count > 0) {
        input_length += (size_t)count;
        dispatch();
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        port.readable = errno == EINTR;
        return progress;
    }
    if (count == 0) {
        port.hung_up = true;
        lose_host();
    } else {
        port_detach();
    }
    return false;
}

bool port_pump_output(void)
{
    bool progress = false;
    while (port.fd >= 0 && connected && port.writable && queued() > 0) {
        ssize_t count = write(port.fd, output + output_start, queued());
        if (count <= 0) {
            /* A lost host is noticed by reading. */
            port.writable = count < 0 && errno == EINTR;
            break;
        }
        output_start += (size_t)count;
        progress = true;
    }
    if (queued() == 0)
        output_start = output_end = 0;
    return progress;
}

static uint8_t *room(size_t length)
{
    if (OUTPUT_SIZE - output_end < length) {
        memmove(output, output + output_start, queued());
        output_end = queued();
        output_start = 0;
    }
    return OUTPUT_SIZE - output_end < length ? NULL : output + output_end;
}

uint8_t *port_reserve(void)
{
    if (queued() >= CONTENT_MARK)
        return NULL;
    return room(FRAME_MAX) + HEADER_SIZE;
}

void port_commit(uint8_t type, uint8_t flag, uint32_t channel, uint32_t length)
{
    frame_write_header(output + output_end, type, flag, channel, length);
    output_end += HEADER_SIZE + length;
}

void port_send(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length)
{
    uint8_t *at = room(HEADER_SIZE + length);
    if (!at) {
        errno = ENOBUFS;
        note("the output queue is full");
        return;
    }
    if (length > 0)
        memcpy(at + HEADER_SIZE, payload, length);
    port_commit(type, flag, channel, length);
}

void port_send_reply(uint8_t type, uint32_t channel, const struct reply *reply)
{
    port_send(type, 0, channel, reply->bytes, (uint32_t)reply->length);
}

void port_send_padding(void)
{
    uint8_t *at = room(PAYLOAD_MAX);
    if (!at)
        return;
    memset(at, 0, PAYLOAD_MAX);
    output_end += PAYLOAD_MAX;
}
