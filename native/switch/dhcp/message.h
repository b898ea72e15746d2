/* DHCP messages in Ethernet frames (RFC 2131). Frames have their length before them. */
#pragma once
#include "octets.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DHCP_REPLY_MAX = 512, CLIENT_HARDWARE_SIZE = 16 };

/* RFC 2132, section 9.6. */
enum dhcp_type { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_NAK = 6 };

struct dhcp_request {
    uint8_t type;
    const uint8_t *hardware;
    uint32_t transaction;
    uint16_t flags;
    /* The client's current address. */
    uint32_t client_address;
    bool has_requested_address, has_server;
    uint32_t requested_address;
    uint32_t server;
};

struct dhcp_reply {
    uint8_t type;
    /* 0 for none; the options below are then left out. */
    uint32_t address;
    uint32_t server;
    uint32_t mask;
    uint32_t broadcast;
    /* 0 for none. */
    uint16_t mtu;
};

/* False for any other frame. */
bool dhcp_request_read(const uint8_t *frame, size_t length, struct dhcp_request *request);
/* Returns the length of the frame. */
size_t dhcp_reply_write(const struct dhcp_request *request, const struct dhcp_reply *reply,
                        uint8_t frame[DHCP_REPLY_MAX]);
