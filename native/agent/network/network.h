/* Links, addresses, routes and name servers, without DHCP. */
#pragma once
#include "fields.h"

bool network_is_field(uint8_t tag);
/* Changes the hardware address of a link if that is the request's only change and the link's system need not set it up
 * again: that is quick. `is_init`: all links were started by us. False if that does not apply or fails. */
bool network_change_link(struct field_reader request, bool is_init);
/* Applies the link fields of a configure request. 0 or an errno; `subject` then names the failed item. */
int network_apply(struct field_reader request, const char **subject);
void network_start_loopback(void);
