/* A program on the host that talks to the agent: its connection, with one buffer for each direction. */
#pragma once
#include "frame.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENTS_MAX = 128 };

struct client {
    struct watch watch;
    uint8_t input[2 * FRAME_MAX], output[2 * FRAME_MAX];
    size_t input_start, input_end, output_start, output_end;
    bool in_garbage;

    /* The nonce of its last OPEN. */
    uint8_t nonce[NONCE_SIZE];
    unsigned lowest, highest;
    /* It has a session. */
    bool open;
    /* Its OPEN is unanswered; the agent has answered, and only our own answer has yet to be sent. */
    bool asks, answered;
    /* The HELLO that tells the client about the end of its session; HELLO_ANSWER for none. */
    enum hello_reason farewell;
    /* Its connection is to be closed. */
    bool dismissed;

    /* A partly received request of several frames. */
    uint8_t *request;
    size_t request_length;
    uint32_t request_channel;

    /* Number of its channels. */
    unsigned channels;
    /* Some of its channels have pending frames. */
    bool pending;

    /* One PING at a time: our number and the client's, and the reply. */
    uint32_t ping, ping_channel;
    uint8_t pong[64];
    uint32_t pong_length;
    bool pong_due;
};

/* The connected clients, each at its place; NULL for a free place. */
extern struct client *clients[CLIENTS_MAX];

/* True when there is a free place. */
bool clients_have_room(void);
/* False, errno set, fd closed. */
bool client_open(int fd);
/* All other references to the client must be gone. */
void client_close(unsigned place);

/* Reads once. True when something was read. When the other side has left, the descriptor is -1. */
bool client_read(struct client *client);
/* Like agent_next; bytes that are not a frame are skipped. */
enum frame_verdict client_peek(struct client *client, struct frame *frame);
/* Marks the last peeked frame as handled. */
void client_take(struct client *client, const struct frame *frame);

/* False when there is no room for it. Content leaves room for a few short frames. */
bool client_offer(struct client *client, uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
/* True when there is room for a short frame. */
bool client_has_room(const struct client *client);
/* True when nothing is waiting to be written. */
bool client_drained(const struct client *client);
/* Writes as much as possible. True when something was written. */
bool client_write(struct client *client);
