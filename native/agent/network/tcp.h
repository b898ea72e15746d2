/* The TCP connections of this machine. */
#pragma once

/* Breaks the connections from the addresses of a link to other machines. Their programs get an error at once; if the
 * kernel does not support that, they time out. */
void tcp_break(int link);
