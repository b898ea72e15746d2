#include "request.h"
#include "agent.h"
#include "fields.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The request of several frames that is being sent. No other request may come between them. */
static struct {
    /* NULL for none. */
    uint8_t *bytes;
    size_t length, sent;
    struct channel *channel;
    /* NULL: the client has left. */
    const struct client *client;
} sending;

static void refuse(struct client *client, uint32_t number)
{
    struct reply reply = {.length = 0};
    reply_u8(&reply, FIELD_PHASE, PHASE_RESOURCES);
    reply_u32(&reply, FIELD_ERRNO, EAGAIN);
    client_offer(client, FRAME_FAILED, 0, number, reply.bytes, (uint32_t)reply.length);
}

static void drop_collected(struct client *client)
{
    free(client->request);
    client->request = NULL;
    client->request_length = 0;
    client->request_channel = 0;
}

static enum client_verdict take_short(struct client *client, const struct frame *frame)
{
    struct channel *channel = channel_open(client, frame->channel, frame->payload, frame->length);
    if (!channel) {
        refuse(client, frame->channel);
        return CLIENT_TAKEN;
    }
    /* There was enough room before. */
    agent_offer(FRAME_REQUEST, 0, channel->id, frame->payload, frame->length);
    channel->begun = true;
    return CLIENT_TAKEN;
}

static bool collect(struct client *client, const struct frame *frame)
{
    if (client->request_length + frame->length > REQUEST_MAX)
        return false;
    uint8_t *longer = realloc(client->request, client->request_length + frame->length + 1);
    if (!longer)
        return false;
    memcpy(longer + client->request_length, frame->payload, frame->length);
    client->request = longer;
    client->request_length += frame->length;
    client->request_channel = frame->channel;
    return true;
}

void request_send(struct channel *channel, uint8_t *bytes, size_t length)
{
    sending.bytes = bytes;
    sending.length = length;
    sending.sent = 0;
    sending.channel = channel;
    sending.client = NULL;
}

static void begin_to_send(struct client *client)
{
    uint32_t number = client->request_channel;
    struct channel *channel = channel_open(client, number, client->request, client->request_length);
    if (!channel) {
        drop_collected(client);
        refuse(client, number);
        return;
    }
    request_send(channel, client->request, client->request_length);
    sending.client = client;
    client->request = NULL;
    drop_collected(client);
}

enum client_verdict request_take(struct client *client, const struct frame *frame)
{
    bool more = frame->flag & FLAG_MORE;
    if (frame->channel == 0 || channel_find(client, frame->channel) ||
        (client->request_channel && client->request_channel != frame->channel))
        return CLIENT_BROKE;
    if (!more && (sending.bytes || !agent_has_room()))
        return CLIENT_WAITS;
    if (!more && !client->request_channel)
        return take_short(client, frame);
    if (!collect(client, frame))
        return CLIENT_BROKE;
    if (!more)
        begin_to_send(client);
    return CLIENT_TAKEN;
}

bool request_holds(const struct client *client) { return sending.bytes && sending.client == client; }

void request_abandon(struct client *client)
{
    drop_collected(client);
    if (sending.client == client)
        sending.client = NULL;
}

bool request_pump(void)
{
    bool progress = false;
    while (sending.bytes && agent_has_room()) {
        size_t left = sending.length - sending.sent;
        uint32_t length = left < PAYLOAD_MAX ? (uint32_t)left : PAYLOAD_MAX;
        agent_offer(FRAME_REQUEST, length < left ? FLAG_MORE : 0, sending.channel->id,
                   sending.bytes + sending.sent, length);
        sending.sent += length;
        progress = true;
        if (length < left)
            continue;
        sending.channel->begun = true;
        request_forget();
    }
    return progress;
}

void request_forget(void)
{
    free(sending.bytes);
    memset(&sending, 0, sizeof sending);
}
