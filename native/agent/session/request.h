/* REQUEST frames: put together, told apart, set going. */
#pragma once
#include "frame.h"

/* False when the host broke the protocol. */
bool request_receive(const struct frame *frame);
/* Drops a request that has begun to arrive. */
void request_forget(void);
