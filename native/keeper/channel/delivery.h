/* From the channels to their client. */
#pragma once
#include "channel.h"

/* Sends the client its pending frames, as far as there is room. True when content was among them. */
bool deliver_to(struct client *client);
