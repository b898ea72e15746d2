#include "dhcp.h"

static bool decide(const struct dhcp_request *request, uint32_t server, uint32_t address, struct dhcp_reply *reply)
{
    reply->address = address;
    if (request->type == DHCP_DISCOVER) {
        reply->type = DHCP_OFFER;
        return true;
    }
    /* Or the client has accepted another server's offer. */
    if (request->type != DHCP_REQUEST || (request->has_server && request->server != server))
        return false;
    uint32_t wanted = request->has_requested_address ? request->requested_address : request->client_address;
    reply->type = DHCP_ACK;
    if (wanted != address) {
        /* The client's address is from another network: it must start again. */
        reply->type = DHCP_NAK;
        reply->address = 0;
    }
    return true;
}

size_t dhcp_answer(const struct table *table, const uint8_t *frame, size_t length, uint8_t frame_of_reply[DHCP_REPLY_MAX])
{
    struct dhcp_request request;
    if (!table->has_subnet || !dhcp_request_read(frame, length, &request))
        return 0;
    const struct member *member = table_member(table, request.hardware);
    if (!member || !member->address)
        return 0;
    struct dhcp_reply reply = {
        .server = table->server,
        .mask = table->mask,
        .broadcast = table->network | ~table->mask,
        .mtu = member->mtu ? member->mtu : table->mtu,
    };
    if (!decide(&request, table->server, member->address, &reply))
        return 0;
    return dhcp_reply_write(&request, &reply, frame_of_reply);
}
