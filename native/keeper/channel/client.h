/* A program on the host that speaks with the agent: its connection, with one buffer for each direction. */
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

    /* What its last OPEN said. */
    uint8_t nonce[NONCE_SIZE];
    unsigned lowest, highest;
    /* It has a session. */
    bool open;
    /* Its OPEN has no answer yet; the agent's is there, and its own only has to be sent. */
    bool asks, answered;
    /* The HELLO by which it is told that its session is over; HELLO_ANSWER: none. */
    enum hello_reason farewell;
    /* Its connection is to be closed. */
    bool dismissed;

    /* A request of several frames, as far as it has come. */
    uint8_t *request;
    size_t request_length;
    uint32_t request_channel;

    /* How many channels it has. */
    unsigned channels;
    /* Some of them have something for it. */
    bool pending;

    /* One PING at a time: its number for us and for it, and what came back. */
    uint32_t ping, ping_channel;
    uint8_t pong[64];
    uint32_t pong_length;
    bool pong_due;
};

/* Those who are there, each at the place that it has got; NULL for nobody. */
extern struct client *clients[CLIENTS_MAX];

/* True when one more has a place. */
bool clients_have_room(void);
/* False, errno set, fd closed. */
bool client_open(int fd);
/* Everybody else has forgotten it. */
void client_close(unsigned place);

/* Reads once. True when something came. When the other side has left, the descriptor is -1. */
bool client_read(struct client *client);
/* As port_next; what is no frame is skipped. */
enum frame_verdict client_peek(struct client *client, struct frame *frame);
/* The frame that was seen last is done with. */
void client_take(struct client *client, const struct frame *frame);

/* False when there is no room for it. Content leaves room for a few short frames. */
bool client_offer(struct client *client, uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
/* True when a short frame has room. */
bool client_has_room(const struct client *client);
/* Nothing waits to be written. */
bool client_drained(const struct client *client);
/* Writes what it can. True when something was written. */
bool client_write(struct client *client);
