#include "client_session.h"
#include "agent.h"
#include "bytes.h"
#include "delivery.h"
#include "greeting.h"
#include "orphans.h"
#include "request.h"
#include <string.h>

enum { OPEN_SIZE = NONCE_SIZE + 4, PING_NUMBERS = 1 << 30 };

void client_session_end(struct client *client, enum hello_reason reason)
{
    orphans_take(client);
    request_abandon(client);
    client->open = client->pong_due = client->pending = false;
    client->ping = 0;
    client->farewell = reason;
}

static enum client_verdict take_open(struct client *client, const struct frame *frame)
{
    if (frame->length < OPEN_SIZE)
        return CLIENT_BROKE;
    if (!client->open || memcmp(client->nonce, frame->payload, NONCE_SIZE) != 0)
        client_session_end(client, client->farewell);
    memcpy(client->nonce, frame->payload, NONCE_SIZE);
    client->lowest = get_u16(frame->payload + NONCE_SIZE);
    client->highest = get_u16(frame->payload + NONCE_SIZE + 2);
    client->asks = true;
    client->answered = false;
    return CLIENT_TAKEN;
}

static enum client_verdict take_ping(struct client *client, const struct frame *frame)
{
    static uint32_t last;
    if (frame->length > sizeof client->pong)
        return CLIENT_BROKE;
    /* Numbers from here on are not used for channels. */
    uint32_t number = PING_NUMBERS | (last + 1);
    if (client->ping || client->pong_due || !agent_offer(FRAME_PING, 0, number, frame->payload, frame->length))
        return CLIENT_WAITS;
    last = (last + 1) % (PING_NUMBERS - 1);
    client->ping = number;
    client->ping_channel = frame->channel;
    return CLIENT_TAKEN;
}

static enum client_verdict take(struct client *client, const struct frame *frame)
{
    if (frame->type == FRAME_OPEN)
        return take_open(client, frame);
    if (!client->open)
        return CLIENT_TAKEN;
    if (frame_is_for_channel(frame)) {
        struct channel *channel = channel_find(client, frame->channel);
        /* Not an error: the frame was sent before our last one on the channel arrived. */
        return channel ? upstream_take(channel, frame) : CLIENT_TAKEN;
    }
    switch (frame->type) {
    case FRAME_PING:
        return take_ping(client, frame);
    case FRAME_REQUEST:
        return request_take(client, frame);
    default:
        return CLIENT_BROKE;
    }
}

bool client_session_take(struct client *client)
{
    struct frame frame;
    if (request_holds(client) || !client_has_room(client))
        return false;
    enum frame_verdict found = client_peek(client, &frame);
    if (found == FRAME_PARTIAL)
        return false;
    enum client_verdict verdict = CLIENT_BROKE;
    if (found == FRAME_WHOLE) {
        verdict = take(client, &frame);
        if (verdict == CLIENT_WAITS)
            return false;
        client_take(client, &frame);
    }
    if (verdict == CLIENT_BROKE && client->open)
        client_session_end(client, HELLO_GARBAGE);
    return true;
}

static bool tell_hello(struct client *client, enum hello_reason reason)
{
    uint8_t payload[HELLO_SIZE];
    bool is_answer = reason == HELLO_ANSWER;
    bool common = greeting.open && client->lowest <= VERSION_MAX && client->highest >= VERSION_MIN;
    memcpy(payload, greeting.hello, sizeof payload);
    memset(payload, 0, NONCE_SIZE);
    if (is_answer)
        memcpy(payload, client->nonce, NONCE_SIZE);
    put_u16(payload + NONCE_SIZE, is_answer && !common ? 0 : VERSION_MAX);
    payload[14] = (uint8_t)reason;
    if (!client_offer(client, FRAME_HELLO, 0, 0, payload, sizeof payload))
        return false;
    client->open = is_answer && common;
    return true;
}

bool client_session_send(struct client *client)
{
    if (client->farewell != HELLO_ANSWER) {
        if (!tell_hello(client, client->farewell))
            return false;
        client->farewell = HELLO_ANSWER;
    }
    if (client->answered) {
        if (!tell_hello(client, HELLO_ANSWER))
            return false;
        client->asks = client->answered = false;
    }
    if (client->pong_due)
        client->pong_due = !client_offer(client, FRAME_PONG, 0, client->ping_channel, client->pong, client->pong_length);
    return deliver_to(client);
}

bool client_session_is_drained(const struct client *client)
{
    return client->farewell == HELLO_ANSWER && !client->answered && !client->pong_due && !client->pending;
}
