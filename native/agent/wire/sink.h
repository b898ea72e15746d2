/* Pipes whose command has ended while other processes still write to them: read and discarded. */
#pragma once
#include "loop.h"

/* Takes the file over; `watch` is closed. */
void sink_adopt(struct watch *watch);
/* True when there may be more to discard. */
bool sinks_pump(void);
