#include "flow.h"
#include "agent.h"
#include "bytes.h"
#include "fields.h"
#include "note.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* For a server to take bytes of a client that has left, or to end: about as long as Linux itself repeats unanswered
 * segments (tcp_retries2, tcp(7)). Tests shorten it. */
#ifndef STALL_MS
#define STALL_MS 900000
#endif
/* The same when too many clients have left. */
#ifndef CROWDED_STALL_MS
#define CROWDED_STALL_MS 10000
#endif

enum {
    /* As the keeper grants it: a guest need not send many small frames. */
    GRANT = WINDOW / 8,
    /* Between attempts when all channels are taken. */
    RETRY_MS = 100,
    /* For a client to take the end. */
    CLIENT_MS = 2000,
    ANY_SIGNAL = 15,
    /* Clients that have left, and whose server stalls. Each takes one of the channels of all forwards and commands. */
    STALLED_MAX = 16,
};

struct flow flows[FLOWS_MAX];
uint32_t guest_port;

static unsigned count;
static uint32_t last_channel;
static int64_t ask_again_at;

unsigned flows_count(void) { return count; }

bool flows_have_room(void) { return count < FLOWS_MAX; }

void flow_open(int fd)
{
    struct flow *flow = flows;
    while (flow->state != FLOW_FREE)
        flow++;
    *flow = (struct flow){.state = FLOW_WAITS, .patience = INT64_MAX, .stalled_at = INT64_MAX};
    if (watch_open(&flow->client, fd)) {
        count++;
        return;
    }
    flow->state = FLOW_FREE;
    note("cannot watch a client");
}

static void drop_client(struct flow *flow)
{
    watch_close(&flow->client);
    ring_clear(&flow->waiting);
}

static void release(struct flow *flow)
{
    drop_client(flow);
    flow->state = FLOW_FREE;
    flow->channel = 0;
    count--;
    /* Its channel is free for one that was refused. */
    ask_again_at = 0;
}

/* The client must not take what it got for all of it. A unix socket cannot be reset. */
static void reset(struct flow *flow)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(flow->client.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    release(flow);
}

static struct flow *find(uint32_t channel)
{
    for (struct flow *flow = flows; channel && flow < flows + FLOWS_MAX; flow++)
        if (flow->state != FLOW_FREE && flow->channel == channel)
            return flow;
    return NULL;
}

static bool is_lack_of_channels(const struct frame *frame)
{
    struct field_reader reader = {.at = frame->payload, .left = frame->length};
    struct field field;
    uint32_t reason = 0;
    while (field_next(&reader, &field))
        if (field.tag == FIELD_ERRNO && !field_u32(&field, &reason))
            return false;
    return reason == EAGAIN;
}

static void take_failure(struct flow *flow, const struct frame *frame)
{
    if (flow->state != FLOW_ASKED || !is_lack_of_channels(frame)) {
        reset(flow);
        return;
    }
    flow->state = FLOW_WAITS;
    flow->channel = 0;
    ask_again_at = now_ms() + RETRY_MS;
}

static bool take_data(struct flow *flow, const struct frame *frame)
{
    if (flow->state == FLOW_CLOSING)
        return true;
    if (flow->state != FLOW_OPEN || frame->flag != STREAM_OUTPUT || flow->output_ended)
        return false;
    if (flow->waiting.length + flow->owed + frame->length > WINDOW)
        return false;
    if (frame->length == 0 || ring_put(&flow->waiting, frame->payload, frame->length))
        return true;
    note("no memory for a client");
    reset(flow);
    return true;
}

/* EXIT and the output's END come in any order. */
static void settle(struct flow *flow)
{
    if (!flow->exited || !flow->output_ended)
        return;
    if (flow->state == FLOW_CLOSING) {
        release(flow);
        return;
    }
    flow->state = FLOW_ENDING;
    flow->channel = 0;
    ask_again_at = 0;
}

bool flows_take(const struct frame *frame)
{
    struct flow *flow = find(frame->channel);
    /* A channel that was given up may still send. */
    if (!flow)
        return true;
    switch (frame->type) {
    case FRAME_STARTED:
        if (flow->state == FLOW_ASKED)
            flow->state = FLOW_OPEN;
        return true;
    case FRAME_DATA:
        return take_data(flow, frame);
    case FRAME_END:
        /* On the other stream: the server reads no more, and what the client sends is lost. */
        if (frame->flag == STREAM_OUTPUT)
            flow->output_ended = true;
        else
            flow->input_ended = true;
        settle(flow);
        return true;
    case FRAME_CREDIT:
        if (frame->length != 4 || get_u32(frame->payload) > WINDOW - flow->credit)
            return false;
        flow->credit += get_u32(frame->payload);
        return true;
    case FRAME_EXIT:
        flow->exited = true;
        settle(flow);
        return true;
    case FRAME_FAILED:
        take_failure(flow, frame);
        return true;
    default:
        return false;
    }
}

void flows_cut(void)
{
    for (struct flow *flow = flows; flow < flows + FLOWS_MAX; flow++)
        if (flow->state == FLOW_ASKED || flow->state == FLOW_OPEN || flow->state == FLOW_CLOSING)
            reset(flow);
}

void flows_drop(void)
{
    for (struct flow *flow = flows; flow < flows + FLOWS_MAX; flow++)
        if (flow->state == FLOW_ENDING && flow->waiting.length > 0)
            reset(flow);
}

void flows_refuse(void)
{
    for (struct flow *flow = flows; flow < flows + FLOWS_MAX; flow++)
        if (flow->state == FLOW_WAITS)
            reset(flow);
}

static bool ask(struct flow *flow)
{
    struct reply request = {.length = 0};
    if (ask_again_at > now_ms() || !agent_has_room())
        return false;
    reply_u8(&request, FIELD_OPERATION, OPERATION_CONNECT);
    reply_u32(&request, FIELD_PORT, guest_port);
    if (++last_channel == 0)
        last_channel = 1;
    flow->channel = last_channel;
    flow->credit = WINDOW;
    flow->state = FLOW_ASKED;
    return agent_offer(FRAME_REQUEST, 0, flow->channel, request.bytes, (uint32_t)request.length);
}

/* A client that left before it sent anything wants nothing any more. */
static bool is_pointless(const struct flow *flow)
{
    char byte;
    return flow->client.hung_up && recv(flow->client.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static bool close_channel(struct flow *flow)
{
    static const uint8_t signal = ANY_SIGNAL;
    if (!agent_offer(FRAME_SIGNAL, 0, flow->channel, &signal, 1))
        return false;
    drop_client(flow);
    flow->state = FLOW_CLOSING;
    flow->stalled_at = INT64_MAX;
    return true;
}

static bool end_input(struct flow *flow)
{
    if (!agent_offer(FRAME_END, STREAM_INPUT, flow->channel, NULL, 0))
        return false;
    flow->input_ended = true;
    return true;
}

/* One frame at a time, so that all clients have their turn. */
static bool read_client(struct flow *flow)
{
    static uint8_t bytes[PAYLOAD_MAX];
    if (flow->input_ended || !flow->client.readable || flow->credit == 0 || !agent_has_room())
        return false;
    size_t room = flow->credit < sizeof bytes ? flow->credit : sizeof bytes;
    ssize_t length = recv(flow->client.fd, bytes, room, 0);
    if (length > 0) {
        flow->credit -= (uint32_t)length;
        return agent_offer(FRAME_DATA, STREAM_INPUT, flow->channel, bytes, (uint32_t)length);
    }
    if (length == 0)
        return end_input(flow);
    if (errno != EAGAIN && errno != EINTR)
        return close_channel(flow);
    flow->client.readable = errno == EINTR;
    return false;
}

static bool grant(struct flow *flow)
{
    uint8_t bytes[4];
    put_u32(bytes, flow->owed);
    if (flow->state != FLOW_OPEN || flow->output_ended || flow->owed < GRANT ||
        !agent_offer(FRAME_CREDIT, STREAM_OUTPUT, flow->channel, bytes, sizeof bytes))
        return false;
    flow->owed = 0;
    return true;
}

/* Nobody reads any more: what comes is discarded, so that the server can end. */
static void discard(struct flow *flow)
{
    flow->owed += flow->waiting.length;
    ring_clear(&flow->waiting);
}

static bool write_client(struct flow *flow)
{
    bool progress = false;
    while (flow->waiting.length > 0 && flow->client.writable) {
        const uint8_t *bytes;
        uint32_t length = ring_first(&flow->waiting, &bytes);
        ssize_t sent = send(flow->client.fd, bytes, length, MSG_NOSIGNAL);
        if (sent > 0) {
            ring_drop(&flow->waiting, (uint32_t)sent);
            flow->owed += (uint32_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            flow->client.writable = false;
        } else if (sent < 0 && errno != EINTR) {
            discard(flow);
        }
        progress |= sent > 0;
    }
    if (flow->output_ended && flow->waiting.length == 0 && !flow->output_shut) {
        flow->output_shut = true;
        shutdown(flow->client.fd, SHUT_WR);
        progress = true;
    }
    return progress | grant(flow);
}

/* A client that has sent more than the server took would lose its answer to a reset, if it was closed at once. */
static bool end_client(struct flow *flow)
{
    static uint8_t discarded[4096];
    if (!flow->output_shut)
        return false;
    if (flow->patience == INT64_MAX)
        flow->patience = now_ms() + CLIENT_MS;
    ssize_t length = flow->client.readable ? recv(flow->client.fd, discarded, sizeof discarded, 0) : -1;
    if (flow->client.readable && length < 0)
        flow->client.readable = errno == EINTR;
    if (length == 0 || flow->client.hung_up || flow->patience <= now_ms()) {
        release(flow);
        return true;
    }
    return length > 0;
}

/* As many as may wait for long have stalled after it. */
static bool is_surplus(const struct flow *flow)
{
    unsigned later = 0;
    for (const struct flow *other = flows; other < flows + FLOWS_MAX; other++)
        if (other->state == FLOW_OPEN && other->stalled_at != INT64_MAX)
            later += other->stalled_at > flow->stalled_at || (other->stalled_at == flow->stalled_at && other > flow);
    return later >= STALLED_MAX;
}

/* The client has sent all that it will, and reads nothing; only the server can still take its bytes, or end. */
static bool outwait_server(struct flow *flow)
{
    if (!flow->client.hung_up)
        return false;
    if (!flow->input_ended && flow->credit > 0) {
        flow->stalled_at = INT64_MAX;
        return false;
    }
    int64_t now = now_ms();
    if (flow->stalled_at == INT64_MAX)
        flow->stalled_at = now;
    int64_t limit = flow->stalled_at + CROWDED_STALL_MS;
    if (limit <= now && !is_surplus(flow))
        limit = flow->stalled_at + STALL_MS;
    loop_wake_at(limit);
    return limit <= now && close_channel(flow);
}

static bool act(struct flow *flow, bool asks)
{
    bool progress;
    switch (flow->state) {
    case FLOW_WAITS:
        if (is_pointless(flow)) {
            release(flow);
            return true;
        }
        return asks && ask(flow);
    case FLOW_OPEN:
        progress = read_client(flow);
        if (flow->state == FLOW_OPEN)
            progress |= write_client(flow);
        if (flow->state == FLOW_OPEN)
            progress |= outwait_server(flow);
        return progress;
    case FLOW_ENDING:
        progress = write_client(flow);
        return end_client(flow) || progress;
    default:
        return false;
    }
}

bool flows_act(bool asks)
{
    static unsigned first;
    bool progress = false;
    first = (first + 1) % FLOWS_MAX;
    for (unsigned index = 0; index < FLOWS_MAX; index++)
        progress |= act(&flows[(first + index) % FLOWS_MAX], asks);
    return progress;
}

void flows_prepare(void)
{
    for (struct flow *flow = flows; flow < flows + FLOWS_MAX; flow++) {
        if (flow->state == FLOW_FREE)
            continue;
        loop_wake_at(flow->patience);
        if (flow->state == FLOW_WAITS && ask_again_at > now_ms())
            loop_wake_at(ask_again_at);
    }
}
