#include "link.h"
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    MILLION = 1000000,
    /* Frames that are on their way: 16 MiB are 1 Gbit/s for 134 ms. */
    WAITING_MAX = 16 * 1024 * 1024,
    /* Frames that wait for the bandwidth, as in the buffer of a router. */
    BACKLOG_MAX = 256 * 1024,
};

/* Before each waiting frame. */
struct entry {
    int64_t due_us;
    uint64_t length;
};

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MILLION + now.tv_nsec / 1000;
}

/* xorshift64 (Marsaglia). */
static uint32_t random_number(void)
{
    static uint64_t state;
    if (state == 0 && getrandom(&state, sizeof state, GRND_NONBLOCK) != sizeof state)
        state = (uint64_t)now_us();
    state |= state == 0;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static bool is_perfect(const struct link_properties *properties)
{
    return properties->latency_ms == 0 && properties->loss == 0 && properties->bandwidth == 0;
}

/* True when the frame is sent; `busy_until_us` is then the time at which it has been. */
static bool send_at_speed(struct link *link, size_t length, int64_t now)
{
    uint64_t bandwidth = link->properties.bandwidth;
    if (link->busy_until_us < now)
        link->busy_until_us = now;
    if (bandwidth == 0)
        return true;
    uint64_t backlog_us = (uint64_t)(link->busy_until_us - now);
    if (backlog_us > (uint64_t)BACKLOG_MAX * MILLION / bandwidth)
        return false;
    link->busy_until_us += (int64_t)((uint64_t)length * MILLION / bandwidth);
    return true;
}

void link_configure(struct link *link, const struct link_properties *properties)
{
    /* Frames that wait for the old speed would delay or lose those after them. */
    if (link->properties.bandwidth != properties->bandwidth) {
        queue_free(&link->waiting);
        link->busy_until_us = 0;
    }
    link->properties = *properties;
}

enum link_verdict link_take(struct link *link, const uint8_t *frame, size_t length)
{
    if (is_perfect(&link->properties) && link->waiting.length == 0)
        return LINK_PASSES;
    if (link->properties.loss > random_number() % MILLION)
        return LINK_LOSES;
    struct entry entry = {.length = length};
    if (link->waiting.length + sizeof entry + length > WAITING_MAX || !send_at_speed(link, length, now_us()))
        return LINK_LOSES;
    entry.due_us = link->busy_until_us + (int64_t)link->properties.latency_ms * 1000;
    if (!queue_put(&link->waiting, &entry, sizeof entry))
        return LINK_LOSES;
    if (!queue_put(&link->waiting, frame, length)) {
        link->waiting.length -= sizeof entry;
        return LINK_LOSES;
    }
    return LINK_DELAYS;
}

static struct entry first_entry(const struct link *link)
{
    struct entry entry;
    memcpy(&entry, queue_bytes(&link->waiting), sizeof entry);
    return entry;
}

const uint8_t *link_arrived(const struct link *link, int64_t now, size_t *length)
{
    if (link->waiting.length == 0)
        return NULL;
    struct entry entry = first_entry(link);
    *length = (size_t)entry.length;
    return entry.due_us <= now ? queue_bytes(&link->waiting) + sizeof entry : NULL;
}

void link_remove(struct link *link)
{
    struct entry entry = first_entry(link);
    queue_drop(&link->waiting, sizeof entry + (size_t)entry.length);
}

int64_t link_wake_at(const struct link *link)
{
    return link->waiting.length == 0 ? INT64_MAX : (first_entry(link).due_us + 999) / 1000;
}

void link_free(struct link *link)
{
    queue_free(&link->waiting);
}
