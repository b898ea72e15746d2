/* Requests on their way to the agent: put together first, so that a client that stops in the middle of one holds up nobody. */
#pragma once
#include "upstream.h"

/* A REQUEST frame of a client's. */
enum client_verdict request_take(struct client *client, const struct frame *frame);
/* The request of this client, or of one that has left, is being sent: what it says next comes after it. */
bool request_holds(const struct client *client);
/* The client has left, or its session is over. */
void request_abandon(struct client *client);
/* Sends what has room. True when something was sent. */
bool request_pump(void);
/* The session with the agent is over. */
void request_forget(void);
