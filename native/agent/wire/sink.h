/* Pipes whose command has ended while somebody else still writes into them: read and thrown away. */
#pragma once
#include "loop.h"

/* Takes the file over; `watch` is closed. */
void sink_adopt(struct watch *watch);
/* True when there may be more to throw away. */
bool sinks_pump(void);
