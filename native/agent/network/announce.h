#pragma once

/* Broadcasts an empty datagram from this address on the link. passt learns our hardware address from our packets, and
 * drops packets for us until then. */
void announce_address(int link, const char *text);
