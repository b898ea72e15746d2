/* Assembles REQUEST frames and starts the requested operation. */
#pragma once
#include "frame.h"

/* False when the host violated the protocol. */
bool request_receive(const struct frame *frame);
/* Drops a partly received request. */
void request_forget(void);
