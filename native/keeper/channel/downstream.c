#include "downstream.h"
#include "bytes.h"
#include <string.h>

static bool keep(struct notice *notice, const struct frame *frame)
{
    if (notice->type || frame->length > REPLY_MAX)
        return false;
    notice->type = frame->type;
    notice->length = (uint16_t)frame->length;
    memcpy(notice->payload, frame->payload, frame->length);
    return true;
}

static bool receive_content(struct channel *channel, const struct frame *frame)
{
    struct output *output = channel_output(channel, frame->flag);
    if (!output || !channel->started.type || output->ended || frame->length > output->credit)
        return false;
    if (frame->length == 0)
        return true;
    output->credit -= frame->length;
    struct client *client = channel->client;
    if (!client) {
        output->delivered += frame->length;
        return true;
    }
    if (!client->pending && client_offer(client, FRAME_DATA, frame->flag, channel->number, frame->payload, frame->length))
        output->delivered += frame->length;
    else if (!ring_put(&output->waiting, frame->payload, frame->length))
        return false;
    else
        client->pending = true;
    return true;
}

static bool receive_end(struct channel *channel, const struct frame *frame)
{
    struct output *output = channel_output(channel, frame->flag);
    if (channel->kind != CHANNEL_COMMAND || !channel->started.type)
        return false;
    if (frame->flag == STREAM_INPUT) {
        if (channel->refuses)
            return false;
        return channel->refuses = true;
    }
    if (!output || output->ended)
        return false;
    return output->ended = true;
}

static bool receive_credit(struct channel *channel, const struct frame *frame)
{
    if (!channel_has_input(channel) || frame->flag != STREAM_INPUT || frame->length != 4)
        return false;
    uint32_t bytes = get_u32(frame->payload);
    if (bytes > WINDOW - channel->input_credit - channel->granted)
        return false;
    channel->granted += bytes;
    return true;
}

static bool receive_reply(struct channel *channel, const struct frame *frame)
{
    bool is_command = channel->kind == CHANNEL_COMMAND;
    switch (frame->type) {
    case FRAME_STARTED:
        return (is_command || channel->kind == CHANNEL_PULL) && keep(&channel->started, frame);
    case FRAME_EXIT:
        return is_command && channel->started.type && frame->length == 2 && keep(&channel->exited, frame);
    case FRAME_DONE:
        return !is_command && frame->length == 0 && keep(&channel->last, frame);
    case FRAME_FAILED:
        return !channel->exited.type && keep(&channel->last, frame);
    default:
        return false;
    }
}

bool downstream_take(const struct frame *frame)
{
    struct channel *channel = &channels[frame->channel % CHANNELS_MAX];
    if (frame->channel == 0 || channel->id != frame->channel || !channel->begun || channel_is_over(channel))
        return false;
    if (frame->type == FRAME_DATA)
        return receive_content(channel, frame);
    bool good = frame->type == FRAME_END      ? receive_end(channel, frame)
                : frame->type == FRAME_CREDIT ? receive_credit(channel, frame)
                                              : receive_reply(channel, frame);
    if (good && channel->client)
        channel->client->pending = true;
    else if (good)
        channel_settle(channel);
    return good;
}
