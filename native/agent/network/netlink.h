/* Requests to the kernel over netlink(7), mostly to its routing socket (rtnetlink(7)). */
#pragma once
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message under construction: a header, a body of a fixed type, and attributes. */
struct netlink_message {
    union {
        struct nlmsghdr header;
        uint8_t bytes[512];
    };
};

/* Returns the body, zeroed. */
void *netlink_begin(struct netlink_message *message, uint16_t type, uint16_t flags, size_t body);
void netlink_attribute(struct netlink_message *message, uint16_t type, const void *value, size_t length);
/* Sends the message and waits for the acknowledgement. 0 or an errno. */
int netlink_transact(int fd, struct netlink_message *message);
/* Requests a list and calls `each` for every entry. 0 or an errno. */
int netlink_list(int fd, struct netlink_message *message, void (*each)(const struct nlmsghdr *entry, void *context),
                 void *context);
/* Returns the attribute of this type among `length` bytes of them, or NULL. */
const struct rtattr *netlink_find(const struct rtattr *attribute, int length, unsigned type);
/* Opens a socket of this protocol (NETLINK_*) subscribed to `groups` (RTMGRP_* for NETLINK_ROUTE). -1 with errno on
 * failure. */
int netlink_open(int protocol, uint32_t groups);
/* Checks again after each kernel event of `groups`, until `is_there` is true or the time is over. */
bool netlink_await(uint32_t groups, bool (*is_there)(void *what), void *what, int patience_ms);
