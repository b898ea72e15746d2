/* An operation started by a request: a command, a file transfer, a job. The host chooses the numbers. */
#pragma once
#include "fields.h"
#include "frame.h"
#include <stdbool.h>
#include <sys/types.h>

struct channel;

struct channel_kind {
    /* Handles DATA, END, CREDIT, SIGNAL, RESIZE or CANCEL. False when the host violated the protocol. */
    bool (*receive)(struct channel *channel, const struct frame *frame);
    /* Moves a bounded amount of content. True when it moved some. */
    bool (*pump)(struct channel *channel);
    /* Called when one of our children has ended; NULL when the kind has none. */
    void (*reaped)(struct channel *channel, pid_t pid, int status);
    /* Ends the operation and frees the channel. */
    void (*discard)(struct channel *channel);
};

struct channel {
    uint32_t id;
    const struct channel_kind *kind;
    /* Its last frame was sent; the table discards it. */
    bool finished;
};

/* False when CHANNELS_MAX are open. */
bool channel_add(struct channel *channel);
struct channel *channel_find(uint32_t id);
bool channels_pump(void);
void channels_reaped(pid_t pid, int status);
void channels_discard(void);

/* Sends FAILED. `subject` (the failed item: a module, a link) may be NULL. */
void channel_fail(uint32_t id, enum phase phase, int reason, const char *subject);
