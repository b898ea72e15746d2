/* The connection to the host: a virtio-serial port or a socket, with one buffer for each direction. */
#pragma once
#include "fields.h"
#include "frame.h"
#include <stdbool.h>

enum port_kind { PORT_VIRTIO, PORT_SOCKET };

struct port_events {
    /* A host has connected, possibly a new one; the buffers are empty. */
    void (*connected)(void);
    void (*disconnected)(void);
    void (*frame)(const struct frame *frame);
    /* Bytes that are not a frame were dropped. Called once for a run of them. */
    void (*garbage)(void);
};

/* Takes over `fd`. */
void port_attach(int fd, enum port_kind kind, const struct port_events *events);
/* False after the device or socket is gone and will not return. */
bool port_attached(void);
void port_detach(void);

/* Reads and dispatches a bounded amount. True when there may be more. */
bool port_pump_input(void);
/* Writes as much as possible. True when something was written. */
bool port_pump_output(void);

/* Returns room for PAYLOAD_MAX bytes of stream content, or NULL while the host is slower than we are. */
uint8_t *port_reserve(void);
/* Sends the first `length` bytes of the reserved room. */
void port_commit(uint8_t type, uint8_t flag, uint32_t channel, uint32_t length);
/* Queues a small frame; these always fit, because input waits while many of them are queued. */
void port_send(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
void port_send_reply(uint8_t type, uint32_t channel, const struct reply *reply);
/* Queues PAYLOAD_MAX zero bytes, which complete any frame that the host expects the rest of. */
void port_send_padding(void);
/* True when everything queued was sent to the host, or there is no host. */
bool port_drained(void);
/* Discards all queued output. */
void port_clear_output(void);
