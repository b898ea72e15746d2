/* Fixed addresses by hardware address, without state. No router is announced: guests have one on another card. */
#pragma once
#include "message.h"
#include "table.h"

/* Returns the length of the reply, with its length before it; 0 for frames that need none. */
size_t dhcp_answer(const struct table *table, const uint8_t *frame, size_t length, uint8_t reply[DHCP_REPLY_MAX]);
