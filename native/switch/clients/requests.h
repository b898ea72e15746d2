/* The requests of PROTOCOL.md. */
#pragma once
#include "client.h"
#include <stdbool.h>

/* Executes the client's line, which is complete. */
void request_execute(struct client *client);
/* True after the request `end`. */
bool request_to_end(void);
