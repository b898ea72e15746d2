/* Moves a link to another network, as in a fork of a machine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Only changes the hardware address of a link that is up: forgets its neighbours, announces the new address, and breaks
 * connections from it. `announces`: the link does that already (link_announce_changes). 0 or an errno. */
int renewal_change(int link, const uint8_t hardware_address[6], bool announces);
/* Changes the address and clears the link for a new set-up: it is down afterwards and has no addresses. 0 or an errno.
 */
int renewal_clear(int netlink, int link, const uint8_t hardware_address[6]);
/* True when a program in the system, such as networkd, sets up the link whenever it comes up. */
bool renewal_is_looked_after(int link);
/* Changes the address of such a link, and lets its program set it up again. 0 or an errno. */
int renewal_restart(int netlink, int link, const uint8_t hardware_address[6]);
