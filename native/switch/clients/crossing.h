/* The way of a frame through the switch. */
#pragma once
#include "port.h"
#include "table.h"

/* Takes over the table, which replaces the previous one, and applies it to all ports. */
void crossing_use(struct table *table);
/* The table in use. */
const struct table *crossing_table(void);
/* Passes a frame, with its length before it, to the ports that it is for. */
void crossing_take(struct port *from, const uint8_t *frame, size_t length);
