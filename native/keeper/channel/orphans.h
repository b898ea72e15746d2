/* Channels whose client has left: commands are ended, transfers cancelled, output dropped. */
#pragma once
#include "channel.h"

/* Makes orphans of all channels of the client. */
void orphans_take(struct client *client);
/* Ends them. True when something was sent. */
bool orphans_end(void);
