/* All connections on switch.sock. */
#pragma once
#include "listener.h"

void clients_accept(struct listener *listener);
void clients_prepare(void);
/* Reads and executes requests. */
void clients_act(void);
void clients_flush(void);
/* Closes connections that have ended, with their ports and captures. */
void clients_reap(void);
