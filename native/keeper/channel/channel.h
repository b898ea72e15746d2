/*
 * What the requests of all clients have set going in the guest: a command, a file on its way, a job. The agent knows each by
 * a number of ours, its client by one of its own.
 */
#pragma once
#include "client.h"
#include "protocol.h"
#include "ring.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OUTPUTS = 2,
    /* A reply of the agent's has at most as many bytes. */
    REPLY_MAX = 512,
    /* Credit is passed on in pieces of at least this size: a guest cannot make many frames of it. */
    GRANT = WINDOW / 8,
};

enum channel_kind { CHANNEL_COMMAND, CHANNEL_PUSH, CHANNEL_PULL, CHANNEL_JOB };

struct output {
    /* What the client has not taken yet. */
    struct ring waiting;
    /* What the guest may still send. */
    uint32_t credit;
    /* Bytes that the client has received and not granted again. */
    uint32_t delivered;
    bool ended, end_is_told;
};

/* A frame of the agent's that the client gets once. */
struct notice {
    /* 0: there is none. */
    uint8_t type;
    bool told;
    uint16_t length;
    uint8_t payload[REPLY_MAX];
};

extern struct channel {
    /* The agent's number for it; 0: it is free. */
    uint32_t id;
    uint32_t generation;
    /* NULL: it has left, and the channel is to end. */
    struct client *client;
    uint32_t number;
    enum channel_kind kind;
    bool has_terminal;
    /* The request was sent. */
    bool begun;

    struct output outputs[OUTPUTS];
    struct notice started, exited, last;
    /* The guest reads no more. */
    bool refuses, refusal_is_told;

    /* What the client may still send, and what the guest has granted and the client does not know. */
    uint32_t input_credit, granted;
    bool input_ended;

    /* Of one without a client: signals that are still to be sent, one bit each, and when it is killed. */
    uint64_t signals;
    int64_t kill_at;
    bool cancel;
} channels[CHANNELS_MAX];

/* For a whole request, which the caller sends and then says so; NULL when the client has as many as are free. */
struct channel *channel_open(struct client *client, uint32_t number, const uint8_t *request, size_t length);
/* By the client's number; NULL: it has none such, or has it no more. */
struct channel *channel_find(const struct client *client, uint32_t number);

unsigned channel_outputs(const struct channel *channel);
/* The number in frames of one of its outputs: a command's are 1 and 2, a file's content is 0. */
uint8_t channel_stream(const struct channel *channel, unsigned index);
/* By that number; NULL: it has none such. */
struct output *channel_output(struct channel *channel, uint8_t stream);
bool channel_has_input(const struct channel *channel);

/* The agent has said all that it will say. */
bool channel_is_over(const struct channel *channel);
bool notice_is_told(const struct notice *notice);
/* Makes it free when the agent has said all and the client, if there is one, has all. */
void channel_settle(struct channel *channel);
/* It has no client any more; what waited for that one is dropped. */
void channel_orphan(struct channel *channel);
/* Whether there is any without a client. */
bool channels_are_orphaned(void);
/* The session with the agent is over, and all of them with it. */
void channels_forget(void);
