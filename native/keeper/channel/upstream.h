/* From the clients to their channels. A client's errors must not reach the agent, because all clients share its
 * session. */
#pragma once
#include "channel.h"
#include "frame.h"

/* Result of a client's frame. */
enum client_verdict {
    CLIENT_TAKEN,
    /* There is no room for it at the moment. */
    CLIENT_WAITS,
    /* It violates the protocol. */
    CLIENT_BROKE,
};

/* Handles DATA, END, CREDIT, SIGNAL, RESIZE or CANCEL. Outdated ones are accepted and ignored. */
enum client_verdict upstream_take(struct channel *channel, const struct frame *frame);
