/* Requests to the agent. Each is assembled first, so that a client that stops in the middle of one does not block the
 * others. */
#pragma once
#include "channel.h"
#include "upstream.h"

/* Handles a REQUEST frame of a client. */
enum client_verdict request_take(struct client *client, const struct frame *frame);
/* Begins to send a request of the keeper's own, of any length, and takes its bytes. The caller makes sure that the port
 * has room: no other request is being sent then. */
void request_send(struct channel *channel, uint8_t *bytes, size_t length);
/* True while a request of this client, or of one that has left, is being sent: the client's next frames must wait. */
bool request_holds(const struct client *client);
/* The client has left, or its session is over. */
void request_abandon(struct client *client);
/* Sends as much as there is room for. True when something was sent. */
bool request_pump(void);
/* The session with the agent is over. */
void request_forget(void);
