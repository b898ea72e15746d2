/* Channels whose client has left: what runs is ended, what is on its way is given up, what is said is dropped. */
#pragma once
#include "channel.h"

/* Makes orphans of all that the client has. */
void orphans_take(struct client *client);
/* Ends them. True when something was sent. */
bool orphans_end(void);
