/* Unread output of a stream: at most a window, in memory that is allocated only while needed. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ring {
    uint8_t *bytes;
    uint32_t start, length;
};

/* The caller must not exceed WINDOW bytes in all. False, errno set, when there is no memory. */
bool ring_put(struct ring *ring, const uint8_t *bytes, uint32_t length);
/* Returns the first contiguous bytes. */
uint32_t ring_first(const struct ring *ring, const uint8_t **bytes);
void ring_drop(struct ring *ring, uint32_t length);
void ring_clear(struct ring *ring);
