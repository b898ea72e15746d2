/*
 * From the agent to the channels. The guest is held to the protocol here: what it sends is bounded by what its reader has
 * granted, and waits in memory where that one is slow.
 */
#pragma once
#include "channel.h"
#include "frame.h"

/* What the agent says of a request. False when that breaks the protocol. */
bool downstream_take(const struct frame *frame);
