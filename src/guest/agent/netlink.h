/* Requests to the kernel's routing socket (rtnetlink(7)). */
#pragma once
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* A message under construction: a header, a body of a fixed type, and attributes. */
struct netlink_message {
    union {
        struct nlmsghdr header;
        uint8_t bytes[512];
    };
};

/* Returns the body, which is zero. */
void *netlink_begin(struct netlink_message *message, uint16_t type, uint16_t flags, size_t body);
void netlink_attribute(struct netlink_message *message, uint16_t type, const void *value, size_t length);
/* Sends it and waits for the acknowledgement. 0 or an errno. */
int netlink_transact(int fd, struct netlink_message *message);
/* A routing socket that hears of `groups` (RTMGRP_*). -1 with errno on failure. */
int netlink_open(uint32_t groups);
