/* From the agent to the channels. The protocol is enforced on the guest here: its output is limited by the reader's
 * credit, and is buffered for a slow reader. */
#pragma once
#include "channel.h"
#include "frame.h"

/* Handles a frame of the agent. False when it violates the protocol. */
bool downstream_take(const struct frame *frame);
