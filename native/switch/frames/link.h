/* One direction of the cable between a card and the switch. */
#pragma once
#include "queue.h"
#include <stdbool.h>
#include <stdint.h>

struct link_properties {
    uint32_t latency_ms;
    /* Parts per million. */
    uint32_t loss;
    /* Bytes a second; 0 for no limit. */
    uint64_t bandwidth;
};

struct link {
    struct link_properties properties;
    /* The frames so far are sent by then. */
    int64_t busy_until_us;
    /* In order, also when the latency has been reduced: each waits for those before it. */
    struct queue waiting;
};

enum link_verdict { LINK_PASSES, LINK_DELAYS, LINK_LOSES };

void link_configure(struct link *link, const struct link_properties *properties);
/* Decides about a frame; a delayed one is copied. */
enum link_verdict link_take(struct link *link, const uint8_t *frame, size_t length);
/* Returns the next frame that has arrived, which is valid until link_remove; NULL for none. */
const uint8_t *link_arrived(const struct link *link, int64_t now_us, size_t *length);
void link_remove(struct link *link);
/* A time of now_ms; INT64_MAX when nothing is on its way. */
int64_t link_wake_at(const struct link *link);
void link_free(struct link *link);

/* Microseconds, on the clock of now_ms. */
int64_t now_us(void);
