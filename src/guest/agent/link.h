/* A network link (interface) of the guest. */
#pragma once
#include <stdint.h>

/* Waits, within bounds, until a link has this hardware address; stores its index. 0, or -1 with errno. */
int link_find(const char *hardware_address, int *index);
/* Brings it up without the delays and the automatic addresses of IPv6. 0 or an errno. */
int link_start(int netlink, int index);
/* Waits, within bounds, until it carries packets. */
void link_await_running(int index);
int link_set_mtu(int netlink, int index, uint32_t mtu);
