/* What a stream's reader has not taken yet: at most a window, in memory that is there only while there is any. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct ring {
    uint8_t *bytes;
    uint32_t start, length;
};

/* The caller keeps to WINDOW bytes in all. False, errno set, when there is no memory. */
bool ring_put(struct ring *ring, const uint8_t *bytes, uint32_t length);
/* The first bytes that lie in one piece. */
uint32_t ring_first(const struct ring *ring, const uint8_t **bytes);
void ring_drop(struct ring *ring, uint32_t length);
void ring_clear(struct ring *ring);
