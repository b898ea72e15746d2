#pragma once

/*
 * Sends an empty datagram from this address to everybody on the link. Whoever carries our packets learns our
 * hardware address from what we send, and drops what comes in for us until then.
 */
void announce_address(int link, const char *text);
