#include "message.h"
#include <string.h>

enum {
    ETHERTYPE_IPV4 = 0x0800,
    PROTOCOL_UDP = 17,
    SERVER_PORT = 67,
    CLIENT_PORT = 68,
    IP_SIZE = 20,
    UDP_SIZE = 8,
    MAGIC = 0x63825363,
    MAGIC_OFFSET = 236,
    OPTIONS_OFFSET = MAGIC_OFFSET + 4,
    /* Some clients reject shorter messages: a BOOTP message has 300 bytes (RFC 1542, section 2.1). */
    SHORTEST_MESSAGE = 300,
};

/* RFC 2132. */
enum {
    OPTION_PAD = 0,
    OPTION_SUBNET_MASK = 1,
    OPTION_MTU = 26,
    OPTION_BROADCAST_ADDRESS = 28,
    OPTION_REQUESTED_ADDRESS = 50,
    OPTION_LEASE_TIME = 51,
    OPTION_MESSAGE_TYPE = 53,
    OPTION_SERVER_IDENTIFIER = 54,
    OPTION_END = 255,
};

/* RFC 2131, section 3.3: an infinite lease, so that no client has to renew it. */
static const uint32_t forever = 0xffffffff;

/* Moves to the payload of an unfragmented UDP datagram for the server. */
static bool enter_datagram(const uint8_t **at, size_t *length)
{
    const uint8_t *packet = *at + ETHERNET_HEADER;
    if (*length < ETHERNET_HEADER + IP_SIZE || get_be16(*at + 12) != ETHERTYPE_IPV4)
        return false;
    size_t packet_length = *length - ETHERNET_HEADER, header = (size_t)(packet[0] & 15) * 4;
    bool is_fragment = get_be16(packet + 6) & 0x3fff;
    if (packet[0] >> 4 != 4 || packet[9] != PROTOCOL_UDP || is_fragment || header < IP_SIZE ||
        packet_length < header + UDP_SIZE)
        return false;
    const uint8_t *datagram = packet + header;
    size_t datagram_length = get_be16(datagram + 4);
    if (get_be16(datagram + 2) != SERVER_PORT || datagram_length < UDP_SIZE || datagram_length > packet_length - header)
        return false;
    *at = datagram + UDP_SIZE;
    *length = datagram_length - UDP_SIZE;
    return true;
}

static bool read_address(const uint8_t *value, size_t length, uint32_t *address)
{
    if (length == 4)
        *address = get_be32(value);
    return length == 4;
}

/* False for malformed options, and without a type. */
static bool read_options(const uint8_t *at, size_t length, struct dhcp_request *request)
{
    bool has_type = false;
    for (size_t offset = 0; offset < length;) {
        uint8_t code = at[offset++];
        if (code == OPTION_END)
            break;
        if (code == OPTION_PAD)
            continue;
        if (offset == length || at[offset] > length - offset - 1)
            return false;
        const uint8_t *value = at + offset + 1;
        size_t size = at[offset];
        offset += 1 + size;
        if (code == OPTION_MESSAGE_TYPE) {
            has_type = size == 1;
            request->type = has_type ? value[0] : 0;
        } else if (code == OPTION_REQUESTED_ADDRESS) {
            request->has_requested_address = read_address(value, size, &request->requested_address);
        } else if (code == OPTION_SERVER_IDENTIFIER) {
            request->has_server = read_address(value, size, &request->server);
        }
    }
    return has_type;
}

bool dhcp_request_read(const uint8_t *frame, size_t length, struct dhcp_request *request)
{
    const uint8_t *message = frame + LENGTH_SIZE;
    length -= LENGTH_SIZE;
    if (!enter_datagram(&message, &length) || length < OPTIONS_OFFSET || get_be32(message + MAGIC_OFFSET) != MAGIC)
        return false;
    /* A request over Ethernet, whose addresses have six bytes. */
    if (message[0] != 1 || message[1] != 1 || message[2] != MAC_SIZE)
        return false;
    *request = (struct dhcp_request){
        .hardware = message + 28,
        .transaction = get_be32(message + 4),
        .flags = get_be16(message + 10),
        .client_address = get_be32(message + 12),
    };
    return read_options(message + OPTIONS_OFFSET, length - OPTIONS_OFFSET, request);
}

static uint8_t *put_option(uint8_t *at, uint8_t code, uint32_t value)
{
    at[0] = code;
    at[1] = 4;
    put_be32(at + 2, value);
    return at + 6;
}

static uint8_t *put_options(uint8_t *at, const struct dhcp_reply *reply)
{
    const uint8_t type[] = {OPTION_MESSAGE_TYPE, 1, reply->type};
    memcpy(at, type, sizeof type);
    at = put_option(at + sizeof type, OPTION_SERVER_IDENTIFIER, reply->server);
    if (reply->address) {
        at = put_option(at, OPTION_LEASE_TIME, forever);
        at = put_option(at, OPTION_SUBNET_MASK, reply->mask);
        at = put_option(at, OPTION_BROADCAST_ADDRESS, reply->broadcast);
        if (reply->mtu) {
            at[0] = OPTION_MTU;
            at[1] = 2;
            put_be16(at + 2, reply->mtu);
            at += 4;
        }
    }
    *at++ = OPTION_END;
    return at;
}

static size_t put_message(uint8_t *message, const struct dhcp_request *request, const struct dhcp_reply *reply)
{
    const uint8_t begin[] = {2, 1, MAC_SIZE, 0};
    memcpy(message, begin, sizeof begin);
    put_be32(message + 4, request->transaction);
    put_be16(message + 10, request->flags);
    put_be32(message + 16, reply->address);
    put_be32(message + 20, reply->server);
    memcpy(message + 28, request->hardware, CLIENT_HARDWARE_SIZE);
    put_be32(message + MAGIC_OFFSET, MAGIC);
    size_t length = (size_t)(put_options(message + OPTIONS_OFFSET, reply) - message);
    return length < SHORTEST_MESSAGE ? SHORTEST_MESSAGE : length;
}

/* RFC 1071. */
static uint16_t checksum(const uint8_t *header)
{
    uint32_t sum = 0;
    for (int offset = 0; offset < IP_SIZE; offset += 2)
        sum += get_be16(header + offset);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}

static void put_headers(uint8_t *ethernet, size_t message_length, uint32_t server)
{
    uint8_t *ip = ethernet + ETHERNET_HEADER, *udp = ip + IP_SIZE;
    size_t datagram_length = UDP_SIZE + message_length;
    /* The client may not be able to receive unicast yet. */
    memset(ethernet, 0xff, MAC_SIZE);
    /* The address that a card with the server's address would have: hardwareAddressOf in subnet.ts. */
    put_be16(ethernet + 6, 0x5254);
    put_be32(ethernet + 8, server);
    put_be16(ethernet + 12, ETHERTYPE_IPV4);
    put_be16(ip, 0x4510);
    put_be16(ip + 2, (uint16_t)(IP_SIZE + datagram_length));
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    put_be32(ip + 12, server);
    put_be32(ip + 16, 0xffffffff);
    put_be16(ip + 10, checksum(ip));
    /* Without a checksum, which IPv4 permits. */
    put_be16(udp, SERVER_PORT);
    put_be16(udp + 2, CLIENT_PORT);
    put_be16(udp + 4, (uint16_t)datagram_length);
}

size_t dhcp_reply_write(const struct dhcp_request *request, const struct dhcp_reply *reply,
                        uint8_t frame[DHCP_REPLY_MAX])
{
    memset(frame, 0, DHCP_REPLY_MAX);
    uint8_t *ethernet = frame + LENGTH_SIZE;
    size_t message_length = put_message(ethernet + ETHERNET_HEADER + IP_SIZE + UDP_SIZE, request, reply);
    put_headers(ethernet, message_length, reply->server);
    size_t length = ETHERNET_HEADER + IP_SIZE + UDP_SIZE + message_length;
    put_be32(frame, (uint32_t)length);
    return LENGTH_SIZE + length;
}
