/* The ports on which hardware addresses were seen. */
#pragma once
#include "port.h"

void addresses_start(void);
/* The port's own address: it stays until addresses_forget. False without memory. */
bool addresses_fix(struct port *port);
/* Remembers the source of a frame. False if it is the own address of another port. */
bool addresses_learn(struct port *port, const uint8_t *mac);
/* Returns the port of an address, NULL for an unknown one. */
struct port *addresses_find(const uint8_t *mac);
/* Forgets all addresses of a port. */
void addresses_forget(struct port *port);
