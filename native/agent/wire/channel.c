#include "channel.h"
#include "port.h"

static struct channel *channels[CHANNELS_MAX];
static unsigned count;
/* First channel of the next round, so that no channel takes all the room every time. */
static unsigned turn;

bool channel_add(struct channel *channel)
{
    if (count == CHANNELS_MAX)
        return false;
    channels[count++] = channel;
    return true;
}

struct channel *channel_find(uint32_t id)
{
    for (unsigned index = 0; index < count; index++)
        if (channels[index]->id == id)
            return channels[index];
    return NULL;
}

bool channels_pump(void)
{
    bool progress = false;
    unsigned first = count > 0 ? turn % count : 0;
    for (unsigned step = 0; step < count; step++) {
        unsigned index = (first + step) % count;
        if (channels[index]->kind->pump(channels[index])) {
            progress = true;
            turn = index + 1;
        }
    }
    for (unsigned index = count; index-- > 0;) {
        struct channel *channel = channels[index];
        if (!channel->finished)
            continue;
        channels[index] = channels[--count];
        channel->kind->discard(channel);
    }
    return progress;
}

void channels_reaped(pid_t pid, int status)
{
    for (unsigned index = 0; index < count; index++)
        if (channels[index]->kind->reaped)
            channels[index]->kind->reaped(channels[index], pid, status);
}

void channels_discard(void)
{
    while (count > 0) {
        struct channel *channel = channels[--count];
        channel->kind->discard(channel);
    }
}

void channel_fail(uint32_t id, enum phase phase, int reason, const char *subject)
{
    struct reply reply = {.length = 0};
    reply_u8(&reply, FIELD_PHASE, (uint8_t)phase);
    reply_u32(&reply, FIELD_ERRNO, (uint32_t)reason);
    if (subject)
        reply_text(&reply, FIELD_SUBJECT, subject);
    port_send_reply(FRAME_FAILED, id, &reply);
}
