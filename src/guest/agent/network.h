/* Links, addresses, routes and name servers, without DHCP. */
#pragma once
#include "fields.h"

/* Applies the link fields of a configure request. 0 or an errno; `subject` is then what failed. */
int network_apply(struct field_reader request, const char **subject);
void network_start_loopback(void);
