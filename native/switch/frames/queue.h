/* Bytes that wait, in one piece. */
#pragma once
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
    uint8_t *bytes;
    size_t room;
    size_t begin;
    size_t length;
};

/* Adds bytes at the end. False without memory; the queue is then unchanged. */
bool queue_put(struct queue *queue, const void *bytes, size_t length);
/* The first of `length` bytes; valid until the queue changes. */
static inline const uint8_t *queue_bytes(const struct queue *queue) { return queue->bytes + queue->begin; }
/* Removes bytes at the beginning. */
void queue_drop(struct queue *queue, size_t length);
/* Sends as much as possible to a socket. False when the other side is gone. */
bool queue_send(struct queue *queue, struct watch *watch);
void queue_free(struct queue *queue);
