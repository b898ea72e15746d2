#include "orphans.h"
#include "agent.h"
#include "bytes.h"
#include "loop.h"
#include <signal.h>

enum { GRACE_MS = 1000 };

/* Discards its output, which must not wait for a reader. */
static void start_ending(struct channel *channel)
{
    channel_orphan(channel);
    if (channel->kind == CHANNEL_COMMAND && !channel->exited.type) {
        channel->signals = 1ull << SIGHUP | 1ull << SIGCONT;
        channel->kill_at = now_ms() + GRACE_MS;
    }
    channel->cancel = channel->kind == CHANNEL_PUSH || channel->kind == CHANNEL_PULL;
}

void orphans_take(struct client *client)
{
    for (unsigned index = 0; client->channels > 0 && index < CHANNELS_MAX; index++) {
        struct channel *channel = &channels[index];
        if (!channel->id || channel->client != client)
            continue;
        start_ending(channel);
        channel_settle(channel);
    }
    client->pending = false;
}

static bool send_signals(struct channel *channel)
{
    bool progress = false;
    for (uint8_t number = 1; channel->signals >> number; number++) {
        if (!(channel->signals >> number & 1))
            continue;
        if (!agent_offer(FRAME_SIGNAL, 0, channel->id, &number, 1))
            break;
        channel->signals &= ~(1ull << number);
        progress = true;
    }
    return progress;
}

static bool grant_all(struct channel *channel)
{
    bool progress = false;
    for (unsigned index = 0; index < channel_outputs(channel); index++) {
        struct output *output = &channel->outputs[index];
        uint8_t bytes[4];
        put_u32(bytes, output->delivered);
        if (output->ended || output->delivered < GRANT ||
            !agent_offer(FRAME_CREDIT, channel_stream(channel, index), channel->id, bytes, sizeof bytes))
            continue;
        output->credit += output->delivered;
        output->delivered = 0;
        progress = true;
    }
    return progress;
}

static bool end_one(struct channel *channel)
{
    if (channel->kill_at <= now_ms()) {
        channel->signals |= 1ull << SIGKILL;
        channel->kill_at = INT64_MAX;
    }
    loop_wake_at(channel->kill_at);
    bool progress = send_signals(channel);
    if (channel->cancel && agent_offer(FRAME_CANCEL, 0, channel->id, NULL, 0)) {
        channel->cancel = false;
        progress = true;
    }
    return progress | grant_all(channel);
}

bool orphans_end(void)
{
    bool progress = false;
    for (unsigned index = 0; channels_are_orphaned() && index < CHANNELS_MAX; index++)
        if (channels[index].id && !channels[index].client && channels[index].begun)
            progress |= end_one(&channels[index]);
    return progress;
}
