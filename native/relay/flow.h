/* One client of the forward, and its connection in the guest. */
#pragma once
#include "frame.h"
#include "loop.h"
#include "ring.h"
#include <stdbool.h>
#include <stdint.h>

/* As many channels as the keeper gives to a single client. */
enum { FLOWS_MAX = 128 };

enum flow_state {
    FLOW_FREE,
    /* The agent was not asked, or has refused for lack of a channel. */
    FLOW_WAITS,
    FLOW_ASKED,
    FLOW_OPEN,
    /* The client is gone, and the agent was told; its last frame is awaited. */
    FLOW_CLOSING,
    /* The connection in the guest has ended; the client gets the rest. */
    FLOW_ENDING,
};

extern struct flow {
    enum flow_state state;
    struct watch client;
    /* Number of its channel; 0 for none. */
    uint32_t channel;
    /* Bytes for the client that it has not read yet. */
    struct ring waiting;
    /* Bytes that the guest still accepts, and bytes that the client has read and that were not granted again. */
    uint32_t credit, owed;
    /* The client has sent its last byte, and the guest knows; the client is to be sent no more, and knows. */
    bool input_ended, output_ended, output_shut;
    /* The agent has sent EXIT; its last output may follow. */
    bool exited;
    /* Time at which it is given up; INT64_MAX for none. */
    int64_t patience;
    /* Time since which the server has taken nothing from a client that has left; INT64_MAX for none. */
    int64_t stalled_at;
} flows[FLOWS_MAX];

/* The port that all of them lead to. */
extern uint32_t guest_port;

bool flows_have_room(void);
unsigned flows_count(void);
/* Takes over `fd`. */
void flow_open(int fd);

/* Handles a frame for a channel, of which there may be none any more. False when it violates the protocol. */
bool flows_take(const struct frame *frame);
/* The session with the agent is over, and all connections with it. */
void flows_cut(void);
/* Gives up the clients that have not read all. */
void flows_drop(void);
/* There will be no other session for those that wait for one. */
void flows_refuse(void);
/* Moves bytes in both directions. `asks` while there is a session. True when something was moved. */
bool flows_act(bool asks);
void flows_prepare(void);
