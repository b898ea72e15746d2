#include "upstream.h"
#include "agent.h"
#include "bytes.h"
#include <signal.h>

static enum client_verdict pass_on(struct channel *channel, const struct frame *frame)
{
    bool sent = agent_offer(frame->type, frame->flag, channel->id, frame->payload, frame->length);
    return sent ? CLIENT_TAKEN : CLIENT_WAITS;
}

static enum client_verdict send_content(struct channel *channel, const struct frame *frame)
{
    if (!channel_has_input(channel) || frame->flag != STREAM_INPUT || frame->length > channel->input_credit)
        return CLIENT_BROKE;
    if (channel->refuses)
        return CLIENT_TAKEN;
    if (channel->input_ended)
        return CLIENT_BROKE;
    enum client_verdict verdict = pass_on(channel, frame);
    if (verdict == CLIENT_TAKEN)
        channel->input_credit -= frame->length;
    /* The client's credit was used up: it now has the amount that was held back. */
    if (channel->input_credit == 0 && channel->granted > 0)
        channel->client->pending = true;
    return verdict;
}

static enum client_verdict send_end(struct channel *channel, const struct frame *frame)
{
    if (!channel_has_input(channel) || frame->flag != STREAM_INPUT)
        return CLIENT_BROKE;
    if (channel->input_ended)
        return CLIENT_TAKEN;
    enum client_verdict verdict = pass_on(channel, frame);
    channel->input_ended = verdict == CLIENT_TAKEN;
    return verdict;
}

static enum client_verdict send_credit(struct channel *channel, const struct frame *frame)
{
    struct output *output = channel_output(channel, frame->flag);
    /* Both outputs of a command on a terminal have a number, and one of them is never used. */
    if (!output && channel->kind == CHANNEL_COMMAND && frame->flag == STREAM_ERROR && frame->length == 4)
        return get_u32(frame->payload) == 0 ? CLIENT_TAKEN : CLIENT_BROKE;
    if (!output || frame->length != 4 || get_u32(frame->payload) > output->delivered)
        return CLIENT_BROKE;
    enum client_verdict verdict = output->ended ? CLIENT_TAKEN : pass_on(channel, frame);
    if (verdict != CLIENT_TAKEN)
        return verdict;
    output->delivered -= get_u32(frame->payload);
    output->credit += get_u32(frame->payload);
    return CLIENT_TAKEN;
}

static bool is_valid(const struct channel *channel, const struct frame *frame)
{
    if (frame->type == FRAME_SIGNAL)
        return channel->kind == CHANNEL_COMMAND && frame->length == 1 && frame->payload[0] > 0 && frame->payload[0] < NSIG;
    if (frame->type == FRAME_RESIZE)
        return channel->kind == CHANNEL_COMMAND && frame->length == 4;
    return frame->type == FRAME_CANCEL && (channel->kind == CHANNEL_PUSH || channel->kind == CHANNEL_PULL);
}

enum client_verdict upstream_take(struct channel *channel, const struct frame *frame)
{
    if (channel_is_over(channel))
        return CLIENT_TAKEN;
    switch (frame->type) {
    case FRAME_DATA:
        return send_content(channel, frame);
    case FRAME_END:
        return send_end(channel, frame);
    case FRAME_CREDIT:
        return send_credit(channel, frame);
    default:
        return is_valid(channel, frame) ? pass_on(channel, frame) : CLIENT_BROKE;
    }
}
