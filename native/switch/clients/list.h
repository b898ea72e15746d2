/* The answer to the request `list`. */
#pragma once
#include "client.h"

void list(struct client *client);
