/* What a request set going: a command, a file on its way, a job. The host numbers them. */
#pragma once
#include "fields.h"
#include "frame.h"
#include <stdbool.h>
#include <sys/types.h>

struct channel;

struct channel_kind {
    /* DATA, END, CREDIT, SIGNAL, RESIZE or CANCEL. False when the host broke the protocol. */
    bool (*receive)(struct channel *channel, const struct frame *frame);
    /* Moves a bounded amount of content. True when it moved some. */
    bool (*pump)(struct channel *channel);
    /* One of our children ended; NULL when the kind has none. */
    void (*reaped)(struct channel *channel, pid_t pid, int status);
    /* Ends what still runs and frees the channel. */
    void (*discard)(struct channel *channel);
};

struct channel {
    uint32_t id;
    const struct channel_kind *kind;
    /* Its last frame is sent; the table discards it. */
    bool finished;
};

/* False when CHANNELS_MAX are open. */
bool channel_add(struct channel *channel);
struct channel *channel_find(uint32_t id);
bool channels_pump(void);
void channels_reaped(pid_t pid, int status);
void channels_discard(void);

/* Sends FAILED. `subject` (what failed: a module, a link) may be NULL. */
void channel_fail(uint32_t id, enum phase phase, int reason, const char *subject);
