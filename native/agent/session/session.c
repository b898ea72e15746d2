#include "session.h"
#include "bytes.h"
#include "channel.h"
#include "request.h"
#include "role.h"
#include <string.h>
#include <time.h>

static enum hello_reason greeting = HELLO_STARTED;
static bool open;
static uint8_t nonce[NONCE_SIZE];

static void send_hello(enum hello_reason reason, unsigned version)
{
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    uint8_t payload[NONCE_SIZE + 16] = {0};
    if (reason == HELLO_ANSWER)
        memcpy(payload, nonce, NONCE_SIZE);
    put_u16(payload + 8, (uint16_t)version);
    put_u16(payload + 10, VERSION_MIN);
    put_u16(payload + 12, VERSION_MAX);
    payload[14] = (uint8_t)reason;
    payload[15] = (uint8_t)agent_role();
    put_u64(payload + 16, (uint64_t)up.tv_sec * 1000000000u + (uint64_t)up.tv_nsec);
    port_send(FRAME_HELLO, 0, 0, payload, sizeof payload);
}

static void close_session(void)
{
    open = false;
    request_forget();
    channels_discard();
    port_clear_output();
}

/* Sends an unsolicited greeting: all operations of the host's session have ended. */
static void restart(enum hello_reason reason)
{
    close_session();
    port_send_padding();
    send_hello(reason, VERSION_MAX);
}

static void on_connected(void)
{
    restart(greeting);
    greeting = HELLO_CONNECTED;
}

static void on_disconnected(void) { close_session(); }

static void on_garbage(void)
{
    if (open)
        restart(HELLO_GARBAGE);
}

static bool on_open(const struct frame *frame)
{
    if (frame->length < NONCE_SIZE + 4)
        return false;
    unsigned lowest = get_u16(frame->payload + NONCE_SIZE), highest = get_u16(frame->payload + NONCE_SIZE + 2);
    if (!open || memcmp(nonce, frame->payload, NONCE_SIZE) != 0) {
        close_session();
        memcpy(nonce, frame->payload, NONCE_SIZE);
        open = true;
    }
    unsigned version = highest < VERSION_MAX ? highest : VERSION_MAX;
    bool common = version >= VERSION_MIN && version >= lowest;
    open = common;
    send_hello(HELLO_ANSWER, common ? version : 0);
    return true;
}

static bool receive(const struct frame *frame)
{
    if (frame->type == FRAME_OPEN)
        return on_open(frame);
    if (!open)
        return true;
    if (frame_is_for_channel(frame)) {
        struct channel *channel = channel_find(frame->channel);
        /* Not an error: the frame was sent before our last one on the channel arrived. */
        return !channel || channel->finished || channel->kind->receive(channel, frame);
    }
    switch (frame->type) {
    case FRAME_PING:
        if (frame->length > 64)
            return false;
        port_send(FRAME_PONG, 0, frame->channel, frame->payload, frame->length);
        return true;
    case FRAME_REQUEST:
        return request_receive(frame);
    default:
        return false;
    }
}

static void on_frame(const struct frame *frame)
{
    if (!receive(frame))
        on_garbage();
}

const struct port_events session_events = {
    .connected = on_connected, .disconnected = on_disconnected, .frame = on_frame, .garbage = on_garbage};
