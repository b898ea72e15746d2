/* A network link (interface) of the guest. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Parses six bytes in hexadecimal, with colons. */
bool link_parse_address(const char *text, uint8_t address[6]);
/* Returns the index of the link of the card with this hardware address; 0 if there is none now. */
int link_search(const char *hardware_address);
/* Waits, within limits, until a link has this hardware address; stores its index. 0, or -1 with errno. */
int link_find(const char *hardware_address, int *index);
int link_set_up(int netlink, int index, bool up);
/* Brings it up without the delays and automatic addresses of IPv6. 0 or an errno. */
int link_start(int netlink, int index);
/* False if the guest or the link has no IPv6: it is not in the kernel, switched off, or the MTU is less than 1280 (RFC
 * 8200, section 5). */
bool link_has_ipv6(int index);
/* Makes the kernel announce a changed hardware address to the neighbours. */
void link_announce_changes(const char *name);
/* Waits, within limits, until it carries packets. */
void link_await_running(int index);
int link_set_mtu(int netlink, int index, uint32_t mtu);
/* The link must be down: not all drivers can change the address of a link that is up. */
int link_set_hardware_address(int netlink, int index, const uint8_t address[6]);
