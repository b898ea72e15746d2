#include "channel.h"
#include "fields.h"
#include <errno.h>

enum { INDEX_BITS = 8, GENERATIONS = 1 << 19 };
_Static_assert(CHANNELS_MAX == 1 << INDEX_BITS, "the low bits of a number are its place in the table");

struct channel channels[CHANNELS_MAX];
static unsigned used, orphans;
static bool asked_to_power_off;

unsigned channel_outputs(const struct channel *channel)
{
    if (channel->kind == CHANNEL_COMMAND)
        return channel->has_terminal ? 1 : 2;
    return channel->kind == CHANNEL_PULL ? 1 : 0;
}

uint8_t channel_stream(const struct channel *channel, unsigned index)
{
    return (uint8_t)(channel->kind == CHANNEL_COMMAND ? STREAM_OUTPUT + index : index);
}

struct output *channel_output(struct channel *channel, uint8_t stream)
{
    unsigned first = channel->kind == CHANNEL_COMMAND ? STREAM_OUTPUT : 0;
    return stream < first || stream - first >= channel_outputs(channel) ? NULL : &channel->outputs[stream - first];
}

bool channel_has_input(const struct channel *channel) { return channel->kind == CHANNEL_COMMAND || channel->kind == CHANNEL_PUSH; }

bool channel_is_over(const struct channel *channel)
{
    if (channel->last.type)
        return true;
    if (channel->kind != CHANNEL_COMMAND || !channel->exited.type)
        return false;
    for (unsigned index = 0; index < channel_outputs(channel); index++)
        if (!channel->outputs[index].ended)
            return false;
    return true;
}

bool notice_is_sent(const struct notice *notice) { return notice->type == 0 || notice->told; }

void notice_read_failure(const struct notice *notice, uint8_t *phase, uint32_t *reason)
{
    struct field_reader reader = {.at = notice->payload, .left = notice->length};
    struct field field;
    *reason = 0;
    *phase = 0;
    while (field_next(&reader, &field)) {
        if (field.tag == FIELD_ERRNO && !field_u32(&field, reason))
            *reason = EIO;
        else if (field.tag == FIELD_PHASE && field.length == 1)
            *phase = field.value[0];
    }
    if (*reason == 0)
        *reason = EIO;
}

static bool client_has_all(const struct channel *channel)
{
    for (unsigned index = 0; index < channel_outputs(channel); index++) {
        const struct output *output = &channel->outputs[index];
        if (output->waiting.length > 0 || (output->ended && !output->end_is_told))
            return false;
    }
    return notice_is_sent(&channel->started) && notice_is_sent(&channel->exited) && notice_is_sent(&channel->last);
}

static void drop_waiting(struct channel *channel)
{
    for (unsigned index = 0; index < OUTPUTS; index++)
        ring_clear(&channel->outputs[index].waiting);
}

static void release(struct channel *channel)
{
    drop_waiting(channel);
    if (channel->client)
        channel->client->channels--;
    else
        orphans--;
    used--;
    channel->id = 0;
}

void channel_settle(struct channel *channel)
{
    if (channel_is_over(channel) && (!channel->client || client_has_all(channel)))
        release(channel);
}

void channel_orphan(struct channel *channel)
{
    drop_waiting(channel);
    for (unsigned index = 0; index < OUTPUTS; index++)
        channel->outputs[index].delivered = WINDOW - channel->outputs[index].credit;
    channel->client->channels--;
    channel->client = NULL;
    orphans++;
}

bool channels_are_orphaned(void) { return orphans > 0; }

bool channels_asked_to_power_off(void) { return asked_to_power_off; }

static void read_request(struct channel *channel, const uint8_t *request, size_t length)
{
    struct field_reader reader = {.at = request, .left = length};
    struct field field;
    uint32_t flags = 0;
    channel->kind = CHANNEL_JOB;
    if (!field_next(&reader, &field) || field.tag != FIELD_OPERATION || field.length != 1)
        return; /* Reported by the agent. */
    asked_to_power_off |= field.value[0] == OPERATION_POWER_OFF;
    /* A connection has the frames of a command with one output. */
    if (field.value[0] == OPERATION_CONNECT)
        channel->has_terminal = true;
    if (field.value[0] == OPERATION_EXEC || channel->has_terminal)
        channel->kind = CHANNEL_COMMAND;
    else if (field.value[0] == OPERATION_PUSH)
        channel->kind = CHANNEL_PUSH;
    else if (field.value[0] == OPERATION_PULL)
        channel->kind = CHANNEL_PULL;
    while (field.value[0] == OPERATION_EXEC && field_next(&reader, &field))
        if (field.tag == FIELD_FLAGS && field_u32(&field, &flags))
            channel->has_terminal = flags & EXEC_TERMINAL;
}

struct channel *channel_open(struct client *client, uint32_t number, const uint8_t *request, size_t length)
{
    unsigned index = 0;
    /* Each client gets an equal share of the free channels, and one share stays free. */
    if (client->channels >= CHANNELS_MAX - used)
        return NULL;
    while (channels[index].id)
        index++;
    struct channel *channel = &channels[index];
    /* The generation makes sure that a late frame for the previous channel in this place is not taken for this one's.
     */
    uint32_t generation = channel->generation % GENERATIONS + 1;
    *channel = (struct channel){
        .id = generation << INDEX_BITS | index,
        .generation = generation,
        .client = client,
        .number = number,
        .input_credit = WINDOW,
        .outputs = {{.credit = WINDOW}, {.credit = WINDOW}},
        .kill_at = INT64_MAX,
    };
    read_request(channel, request, length);
    client->channels++;
    used++;
    return channel;
}

struct channel *channel_find(const struct client *client, uint32_t number)
{
    for (unsigned index = 0; client->channels > 0 && index < CHANNELS_MAX; index++)
        if (channels[index].id && channels[index].client == client && channels[index].number == number)
            return &channels[index];
    return NULL;
}

void channels_forget(void)
{
    for (unsigned index = 0; index < CHANNELS_MAX; index++)
        if (channels[index].id)
            release(&channels[index]);
}
