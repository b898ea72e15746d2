/* The TCP connections of this machine. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { TCP_ADDRESSES_MAX = 16 };

/* The addresses of a link, in their form in an IPv6 socket. They are listed when they are needed, or before. */
struct tcp_origin {
    int link;
    bool is_listed;
    size_t count;
    struct in6_addr addresses[TCP_ADDRESSES_MAX];
};

void tcp_list_addresses(struct tcp_origin *origin);
/* Breaks the connections from these addresses to other machines. Their programs get an error at once; if the kernel does
 * not support that, they time out. */
void tcp_break(struct tcp_origin *origin);
