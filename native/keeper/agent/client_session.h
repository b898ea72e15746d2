/* A client's session, in which we act as the agent. It begins when the agent has answered after the client's OPEN. */
#pragma once
#include "client.h"

/* Takes at most one frame. True when it did. */
bool client_session_take(struct client *client);
/* Sends the client its pending frames, as far as there is room. True when content was among them. */
bool client_session_send(struct client *client);
/* True when nothing is pending for the client. */
bool client_session_is_drained(const struct client *client);
/* Ends everything that the client has started. The client is told the reason, except for HELLO_ANSWER. */
void client_session_end(struct client *client, enum hello_reason reason);
