#include "delivery.h"
#include "bytes.h"

/* False when there is no room. */
static bool send_notice(struct channel *channel, struct notice *notice)
{
    if (notice_is_sent(notice))
        return true;
    return notice->told = client_offer(channel->client, notice->type, 0, channel->number, notice->payload, notice->length);
}

static bool send_input(struct channel *channel)
{
    struct client *client = channel->client;
    if (channel->refuses && !channel->refusal_is_told)
        return channel->refusal_is_told = client_offer(client, FRAME_END, STREAM_INPUT, channel->number, NULL, 0);
    if (channel->granted == 0 || (channel->granted < GRANT && channel->input_credit > 0))
        return true;
    uint8_t bytes[4];
    put_u32(bytes, channel->granted);
    if (!client_offer(client, FRAME_CREDIT, STREAM_INPUT, channel->number, bytes, sizeof bytes))
        return false;
    channel->input_credit += channel->granted;
    channel->granted = 0;
    return true;
}

/* Sends at most one frame of each output; `moved` is set for those. False when there is no room. */
static bool send_outputs(struct channel *channel, bool *moved)
{
    for (unsigned index = 0; index < channel_outputs(channel); index++) {
        struct output *output = &channel->outputs[index];
        uint8_t stream = channel_stream(channel, index);
        if (output->waiting.length > 0) {
            const uint8_t *bytes;
            uint32_t length = ring_first(&output->waiting, &bytes);
            if (length > PAYLOAD_MAX)
                length = PAYLOAD_MAX;
            if (!client_offer(channel->client, FRAME_DATA, stream, channel->number, bytes, length))
                return false;
            ring_drop(&output->waiting, length);
            output->delivered += length;
            *moved = true;
        }
        if (output->waiting.length > 0 || !output->ended || output->end_is_told)
            continue;
        output->end_is_told = client_offer(channel->client, FRAME_END, stream, channel->number, NULL, 0);
        if (!output->end_is_told)
            return false;
    }
    return true;
}

static bool content_is_out(const struct channel *channel)
{
    for (unsigned index = 0; index < channel_outputs(channel); index++)
        if (channel->outputs[index].waiting.length > 0)
            return false;
    return true;
}

/* Serves one channel. False when there is no room. */
static bool deliver(struct channel *channel, bool *moved)
{
    if (!send_notice(channel, &channel->started) || !send_input(channel) || !send_outputs(channel, moved))
        return false;
    if (!send_notice(channel, &channel->exited) || (content_is_out(channel) && !send_notice(channel, &channel->last)))
        return false;
    channel_settle(channel);
    return true;
}

bool deliver_to(struct client *client)
{
    static unsigned turn;
    bool progress = false, moved = client->pending;
    while (moved) {
        moved = false;
        for (unsigned step = 0; step < CHANNELS_MAX; step++) {
            struct channel *channel = &channels[(turn + step) % CHANNELS_MAX];
            if (!channel->id || channel->client != client)
                continue;
            if (!deliver(channel, &moved)) {
                /* The next round starts here, so that no channel takes all the room every time. */
                turn += step;
                return progress;
            }
        }
        progress |= moved;
    }
    client->pending = false;
    return progress;
}
