/* A link that leads to another network than before, as in a fork of a machine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Only changes the hardware address of a link that is up, which forgets its neighbours, tells the new one to whoever
 * listens, and breaks connections from it. 0 or an errno.
 */
int renewal_change(int link, const uint8_t hardware_address[6]);
/* The same, for a link that is to be set up anew: it is down then and has nothing of what it had. 0 or an errno. */
int renewal_clear(int netlink, int link, const uint8_t hardware_address[6]);
/* Whether something in the system sets the link up whenever it comes, as networkd does. */
bool renewal_is_looked_after(int link);
/* The same, for a link that is looked after: it is set up again then. 0 or an errno. */
int renewal_restart(int netlink, int link, const uint8_t hardware_address[6]);
