/* From the channels to their client. */
#pragma once
#include "channel.h"

/* Gives the client what waits for it, as far as it has room. True when content was among it. */
bool deliver_to(struct client *client);
