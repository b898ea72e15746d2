/* Links, addresses, routes and name servers, without DHCP. */
#pragma once
#include "fields.h"

bool network_is_field(uint8_t tag);
/*
 * Gives a link its new hardware address where a request says no more and only of this one, and its system need not set
 * it up again: that cannot take long. False where that is not so, or cannot be done.
 */
bool network_change_link(struct field_reader request);
/* Applies the link fields of a configure request. 0 or an errno; `subject` is then what failed. */
int network_apply(struct field_reader request, const char **subject);
void network_start_loopback(void);
