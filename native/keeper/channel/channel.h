/* An operation that a client's request has started in the guest: a command, a file transfer, a job. The agent knows it
 * by a number of ours, its client by a number of its own. */
#pragma once
#include "client.h"
#include "protocol.h"
#include "ring.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTPUTS = 2,
    /* Maximum size of a reply of the agent. */
    REPLY_MAX = 512,
    /* Minimum size of a credit grant, so that a guest does not have to send many small frames. */
    GRANT = WINDOW / 8,
};

enum channel_kind { CHANNEL_COMMAND, CHANNEL_PUSH, CHANNEL_PULL, CHANNEL_JOB };

struct output {
    /* Output that the client has not read yet. */
    struct ring waiting;
    /* Number of bytes that the guest may still send. */
    uint32_t credit;
    /* Bytes that the client has received and not granted again. */
    uint32_t delivered;
    bool ended, end_is_told;
};

/* A frame of the agent that is forwarded to the client once. */
struct notice {
    /* 0 for none. */
    uint8_t type;
    bool told;
    uint16_t length;
    uint8_t payload[REPLY_MAX];
};

extern struct channel {
    /* The agent's number for it; 0 if it is free. */
    uint32_t id;
    uint32_t generation;
    /* NULL: the client has left, and the channel is being ended. */
    struct client *client;
    uint32_t number;
    enum channel_kind kind;
    bool has_terminal;
    /* The request was sent. */
    bool begun;

    struct output outputs[OUTPUTS];
    struct notice started, exited, last;
    /* The guest has stopped reading. */
    bool refuses, refusal_is_told;

    /* Credit of the client, and credit granted by the guest that the client does not know of yet. */
    uint32_t input_credit, granted;
    bool input_ended;

    /* For a channel without a client: pending signals, one bit each, and the time to kill it. */
    uint64_t signals;
    int64_t kill_at;
    bool cancel;
} channels[CHANNELS_MAX];

/* Opens a channel for a complete request, which the caller sends and then marks as sent; NULL when the client has used
 * up its share. */
struct channel *channel_open(struct client *client, uint32_t number, const uint8_t *request, size_t length);
/* Looks up the client's number; NULL for an unknown or closed channel. */
struct channel *channel_find(const struct client *client, uint32_t number);

unsigned channel_outputs(const struct channel *channel);
/* The stream number in frames of one of its outputs: 1 and 2 for a command, 0 for a file's content. */
uint8_t channel_stream(const struct channel *channel, unsigned index);
/* Looks up an output by its stream number; NULL for none. */
struct output *channel_output(struct channel *channel, uint8_t stream);
bool channel_has_input(const struct channel *channel);

/* True when the agent has sent its last frame. */
bool channel_is_over(const struct channel *channel);
bool notice_is_sent(const struct notice *notice);
/* Reads a FAILED of the agent; EIO when it has no errno. */
void notice_read_failure(const struct notice *notice, uint8_t *phase, uint32_t *reason);
/* Frees the channel when the agent has sent everything and the client, if there is one, has received it. */
void channel_settle(struct channel *channel);
/* The client has left; its pending output is dropped. */
void channel_orphan(struct channel *channel);
/* True when there is any channel without a client. */
bool channels_are_orphaned(void);
/* True when any client has asked the agent to power off. Its answer may be lost with the machine. */
bool channels_asked_to_power_off(void);
/* The session with the agent is over, and all channels with it. */
void channels_forget(void);
