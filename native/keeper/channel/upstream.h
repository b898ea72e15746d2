/* From the clients to their channels. What a client does wrong must not reach the agent, whose session is that of all. */
#pragma once
#include "channel.h"
#include "frame.h"

/* What became of a frame of a client's. */
enum client_verdict {
    CLIENT_TAKEN,
    /* There is no room for it just now. */
    CLIENT_WAITS,
    /* It breaks the protocol. */
    CLIENT_BROKE,
};

/* DATA, END, CREDIT, SIGNAL, RESIZE or CANCEL. Those that say nothing any more are taken. */
enum client_verdict upstream_take(struct channel *channel, const struct frame *frame);
