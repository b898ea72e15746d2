/* The IPv6 addresses of private networks in a full system: networkd removes those that it has not set itself when it sets
 * up a link. The switch gives it back an IPv4 address by DHCP, but no IPv6 address. */
#pragma once
#include "fields.h"

/* Notes the IPv6 addresses in a configure request, before they are added. */
void kept_note(struct field_reader request);
/* Adds those again that were removed. */
void kept_pump(void);
