#include "ring.h"
#include "protocol.h"
#include <string.h>
#include <sys/mman.h>

bool ring_put(struct ring *ring, const uint8_t *bytes, uint32_t length)
{
    /* Mapped instead of allocated on the heap, so that the memory is returned after a stall of all streams. */
    if (!ring->bytes) {
        void *room = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
            return false;
        *ring = (struct ring){.bytes = room};
    }
    uint32_t at = (ring->start + ring->length) % WINDOW, first = WINDOW - at;
    if (first > length)
        first = length;
    memcpy(ring->bytes + at, bytes, first);
    memcpy(ring->bytes, bytes + first, length - first);
    ring->length += length;
    return true;
}

uint32_t ring_first(const struct ring *ring, const uint8_t **bytes)
{
    uint32_t first = WINDOW - ring->start;
    *bytes = ring->bytes + ring->start;
    return ring->length < first ? ring->length : first;
}

void ring_drop(struct ring *ring, uint32_t length)
{
    ring->start = (ring->start + length) % WINDOW;
    ring->length -= length;
    if (ring->length == 0)
        ring_clear(ring);
}

void ring_clear(struct ring *ring)
{
    if (ring->bytes)
        munmap(ring->bytes, WINDOW);
    *ring = (struct ring){.bytes = NULL};
}
