#include "port.h"
#include "note.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* A port's turn. */
    READ_SIZE = 64 * 1024,
    OUTPUT_MAX = 1024 * 1024,
};

struct port *ports[PORTS_MAX];
unsigned port_count;

struct port *port_open(const char *name, const uint8_t *mac, int fd)
{
    struct port *port = calloc(1, sizeof *port);
    if (!port) {
        close(fd);
        return NULL;
    }
    if (!watch_open(&port->connection, fd)) {
        free(port);
        return NULL;
    }
    strncpy(port->name, name, sizeof port->name - 1);
    memcpy(port->mac, mac, MAC_SIZE);
    ports[port_count++] = port;
    return port;
}

void port_close(struct port *port)
{
    unsigned index = 0;
    while (ports[index] != port)
        index++;
    memmove(&ports[index], &ports[index + 1], (--port_count - index) * sizeof *ports);
    watch_close(&port->connection);
    queue_free(&port->partial);
    queue_free(&port->output);
    link_free(&port->from_card);
    link_free(&port->to_card);
    free(port);
}

void port_configure(struct port *port, const struct table *table)
{
    const struct member *member = table_member(table, port->mac);
    struct link_properties properties = member ? member->link : (struct link_properties){0};
    link_configure(&port->from_card, &properties);
    link_configure(&port->to_card, &properties);
    port->partition_count = table->partition_count;
    for (unsigned index = 0; index < table->partition_count; index++)
        port->groups[index] = table_group(table, index, port->name);
}

bool port_is_hung_up(const struct port *port)
{
    struct pollfd connection = {.fd = port->connection.fd, .events = POLLRDHUP};
    return port->ended || (poll(&connection, 1, 0) == 1 && connection.revents != 0);
}

static void end_for(struct port *port, const char *reason)
{
    port->ended = true;
    note_text(port->name, reason);
}

/* False for a frame that is lost, or delayed by the link. */
static bool passes(struct port *port, struct link *link, const uint8_t *frame, size_t length)
{
    enum link_verdict verdict = link_take(link, frame, length);
    port->counters.lost += verdict == LINK_LOSES;
    return verdict == LINK_PASSES;
}

static void take_from_card(struct port *port, const uint8_t *frame, size_t length,
                           void (*take)(struct port *, const uint8_t *, size_t))
{
    port->counters.frames_sent++;
    port->counters.bytes_sent += length - LENGTH_SIZE;
    if (passes(port, &port->from_card, frame, length))
        take(port, frame, length);
}

/* Returns the number of bytes of whole frames. */
static size_t take_frames(struct port *port, const uint8_t *bytes, size_t length,
                          void (*take)(struct port *, const uint8_t *, size_t))
{
    size_t begin = 0;
    while (length - begin >= LENGTH_SIZE && !port->ended) {
        uint32_t frame = get_be32(bytes + begin);
        if (frame > FRAME_LONGEST) {
            char reason[64];
            snprintf(reason, sizeof reason, "invalid frame length %u, at most %d", frame, FRAME_LONGEST);
            end_for(port, reason);
            break;
        }
        if (length - begin - LENGTH_SIZE < frame)
            break;
        take_from_card(port, bytes + begin, LENGTH_SIZE + frame, take);
        begin += LENGTH_SIZE + frame;
    }
    return begin;
}

void port_read(struct port *port, void (*take)(struct port *, const uint8_t *, size_t))
{
    static uint8_t bytes[LENGTH_SIZE + FRAME_LONGEST + READ_SIZE];
    size_t length = port->partial.length;
    if (!port->connection.readable || port->ended)
        return;
    ssize_t count = recv(port->connection.fd, bytes + length, READ_SIZE, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        port->connection.readable = errno == EINTR;
        return;
    }
    /* A QEMU that is killed resets the connection; only its end matters. */
    if (count <= 0) {
        port->ended = true;
        return;
    }
    /* All has been read, which saves a call for each frame. */
    if (count < READ_SIZE && !port->connection.finished)
        port->connection.readable = false;
    if (length > 0)
        memcpy(bytes, queue_bytes(&port->partial), length);
    queue_drop(&port->partial, length);
    length += (size_t)count;
    size_t taken = take_frames(port, bytes, length, take);
    if (!port->ended && !queue_put(&port->partial, bytes + taken, length - taken))
        end_for(port, "out of memory");
}

static void put_out(struct port *port, const uint8_t *frame, size_t length)
{
    if (port->output.length + length > OUTPUT_MAX || !queue_put(&port->output, frame, length)) {
        port->counters.dropped++;
        return;
    }
    port->counters.frames_received++;
    port->counters.bytes_received += length - LENGTH_SIZE;
}

void port_advance(struct port *port, int64_t now, void (*take)(struct port *, const uint8_t *, size_t))
{
    const uint8_t *frame;
    size_t length;
    for (; (frame = link_arrived(&port->from_card, now, &length)); link_remove(&port->from_card))
        take(port, frame, length);
    for (; (frame = link_arrived(&port->to_card, now, &length)); link_remove(&port->to_card))
        put_out(port, frame, length);
}

void port_deliver(struct port *port, const uint8_t *frame, size_t length)
{
    if (passes(port, &port->to_card, frame, length))
        put_out(port, frame, length);
}

void port_flush(struct port *port)
{
    if (!port->ended && !queue_send(&port->output, &port->connection))
        port->ended = true;
}
