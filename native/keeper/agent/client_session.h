/*
 * A client's session, in which we are to it what the agent would be. It begins when the agent has answered after the client's
 * OPEN.
 */
#pragma once
#include "client.h"

/* Takes at most one frame. True when it did. */
bool client_session_take(struct client *client);
/* Gives the client what waits for it, as far as it has room. True when content was among it. */
bool client_session_tell(struct client *client);
/* Nothing waits for it. */
bool client_session_has_told(const struct client *client);
/* Ends what the client has begun. It is told the reason; HELLO_ANSWER: it is not told. */
void client_session_end(struct client *client, enum hello_reason reason);
