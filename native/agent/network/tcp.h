/* The TCP connections of this machine. */
#pragma once

/*
 * Breaks the connections from the addresses of a link to other machines. Those who have them learn of it at once; where
 * the kernel cannot do that, they learn of it by waiting in vain.
 */
void tcp_break(int link);
