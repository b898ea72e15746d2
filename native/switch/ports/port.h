/* The connection to one QEMU. */
#pragma once
#include "link.h"
#include "loop.h"
#include "octets.h"
#include "queue.h"
#include "table.h"
#include "words.h"
#include <stdbool.h>
#include <stdint.h>

enum { PORTS_MAX = 256 };

struct address;

struct counters {
    uint64_t frames_sent, bytes_sent;
    uint64_t frames_received, bytes_received;
    uint64_t dropped, lost, blocked, rejected;
};

struct port {
    char name[NAME_SIZE];
    uint8_t mac[MAC_SIZE];
    struct watch connection;
    /* The connection is closed, or its stream cannot be parsed. */
    bool ended;
    /* The beginning of the next frame. */
    struct queue partial;
    struct queue output;
    struct link from_card, to_card;
    struct counters counters;
    /* The group in each partition of the table; -1 for none. */
    int groups[PARTITIONS_MAX];
    unsigned partition_count;
    /* Addresses seen on this port, oldest first. */
    struct address *oldest, *newest;
    unsigned address_count;
};

/* In the order in which they were plugged. */
extern struct port *ports[PORTS_MAX];
extern unsigned port_count;

/* Takes over `fd`. NULL, errno set and fd closed, on failure. */
struct port *port_open(const char *name, const uint8_t *mac, int fd);
/* Also frees the port. */
void port_close(struct port *port);
/* Applies the table: partitions, and the properties of the link. */
void port_configure(struct port *port, const struct table *table);

/* True if QEMU's end is closed, which may not have been read yet. */
bool port_is_hung_up(const struct port *port);

/* Reads once, and passes on each frame, with its length before it. */
void port_read(struct port *port, void (*take)(struct port *port, const uint8_t *frame, size_t length));
/* Passes on the frames that the link has delayed. */
void port_advance(struct port *port, int64_t now, void (*take)(struct port *port, const uint8_t *frame, size_t length));
/* Queues a frame for the card, or drops it. */
void port_deliver(struct port *port, const uint8_t *frame, size_t length);
void port_flush(struct port *port);
