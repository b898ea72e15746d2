#include "attendant.h"
#include "bytes.h"
#include "client.h"
#include "failed_mounts.h"
#include "fields.h"
#include "frame.h"
#include "greeting.h"
#include "loop.h"
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COMMAND = 1, POWER = 2, STREAMS = 2, REGRANT = WINDOW / 4 };

struct attendant attendant = {.ending = {.status = -1, .signal = -1}};

static struct watch connection = {.fd = -1};
static uint8_t nonce[NONCE_SIZE];
static uint8_t input[2 * FRAME_MAX], output[2 * FRAME_MAX];
static size_t input_length, output_length;
static const uint8_t *request;
static size_t request_length, request_sent;
static bool has_exited, has_ended[STREAMS];
/* Bytes that were handed over, and not granted again. */
static uint32_t owed[STREAMS];

static bool offer(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length)
{
    if (sizeof output - output_length < HEADER_SIZE + length)
        return false;
    frame_write_header(output + output_length, type, flag, channel, length);
    if (length > 0)
        memcpy(output + output_length + HEADER_SIZE, payload, length);
    output_length += HEADER_SIZE + length;
    return true;
}

bool attendant_start(const uint8_t *body, size_t length)
{
    int ends[2];
    uint8_t opening[NONCE_SIZE + 4];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    if (!watch_open(&connection, ends[0])) {
        close(ends[1]);
        return false;
    }
    if (!client_open(ends[1])) {
        watch_close(&connection);
        return false;
    }
    if (getrandom(nonce, sizeof nonce, 0) < 0)
        put_u64(nonce, (uint64_t)wall_ms());
    memcpy(opening, nonce, NONCE_SIZE);
    put_u16(opening + NONCE_SIZE, VERSION_MIN);
    put_u16(opening + NONCE_SIZE + 2, VERSION_MAX);
    request = body;
    request_length = length;
    attendant.state = ATTENDANT_ASKS;
    return offer(FRAME_OPEN, 0, 0, opening, sizeof opening);
}

static void end(void)
{
    if (attendant.state != ATTENDANT_NONE)
        attendant.state = ATTENDANT_ENDED;
}

/* An answer of HELLO_ANSWER to our OPEN begins; every other one says that our session is over. */
static void take_hello(const struct frame *frame)
{
    if (frame->length < HELLO_SIZE)
        return;
    bool is_ours = memcmp(frame->payload, nonce, NONCE_SIZE) == 0;
    if (attendant.state == ATTENDANT_ASKS && is_ours && get_u16(frame->payload + NONCE_SIZE) == VERSION_MAX) {
        /* Otherwise the command would write to the guest's own disk instead. */
        attendant.ending.mount = failed_mounts_first();
        attendant.state = attendant.ending.mount ? ATTENDANT_ENDED : ATTENDANT_RUNS;
    } else if (attendant.state == ATTENDANT_RUNS || is_ours) {
        watch_close(&connection);
        end();
    }
}

static void take_failure(const struct frame *frame)
{
    struct field_reader reader = {.at = frame->payload, .left = frame->length};
    for (struct field field; field_next(&reader, &field);) {
        uint32_t number;
        if (field.tag == FIELD_PHASE && field.length == 1)
            attendant.ending.phase = field.value[0];
        else if (field.tag == FIELD_ERRNO && field_u32(&field, &number))
            attendant.ending.reason = number;
    }
    if (attendant.ending.phase == 0)
        attendant.ending.phase = PHASE_REQUEST;
    end();
}

static void take_exit(const struct frame *frame)
{
    if (frame->length != 2)
        return;
    has_exited = true;
    if (frame->payload[1])
        attendant.ending.signal = frame->payload[1];
    else
        attendant.ending.status = frame->payload[0];
}

static void take(const struct frame *frame, void (*hand_over)(bool, const uint8_t *, size_t))
{
    unsigned stream = frame->flag - STREAM_OUTPUT;
    if (frame->type == FRAME_HELLO) {
        take_hello(frame);
    } else if (frame->channel == POWER) {
        attendant.powers_off |= frame->type == FRAME_DONE;
        attendant.stays_on |= frame->type == FRAME_FAILED;
    } else if (frame->channel == COMMAND && frame->type == FRAME_FAILED) {
        take_failure(frame);
    } else if (frame->channel == COMMAND && frame->type == FRAME_EXIT) {
        take_exit(frame);
    } else if (frame->channel == COMMAND && stream < STREAMS && frame->type == FRAME_DATA) {
        hand_over(stream == 1, frame->payload, frame->length);
        owed[stream] += frame->length;
    } else if (frame->channel == COMMAND && stream < STREAMS && frame->type == FRAME_END) {
        has_ended[stream] = true;
    }
    if (has_exited && has_ended[0] && has_ended[1])
        end();
}

static bool read_frames(void (*hand_over)(bool, const uint8_t *, size_t))
{
    if (connection.fd < 0 || !connection.readable)
        return false;
    ssize_t count = recv(connection.fd, input + input_length, sizeof input - input_length, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        connection.readable = errno == EINTR;
        return false;
    }
    if (count <= 0) {
        watch_close(&connection);
        end();
        return false;
    }
    input_length += (size_t)count;
    size_t at = 0;
    for (struct frame frame;;) {
        while (at < input_length && input[at] == 0)
            at++;
        enum frame_verdict verdict = at < input_length ? frame_read(input + at, input_length - at, &frame) : FRAME_PARTIAL;
        if (verdict == FRAME_PARTIAL)
            break;
        if (verdict == FRAME_INVALID) {
            at += frame_skip(input + at, input_length - at);
            continue;
        }
        take(&frame, hand_over);
        at += HEADER_SIZE + frame.length;
    }
    memmove(input, input + at, input_length - at);
    input_length -= at;
    return true;
}

static void send_request(void)
{
    while (attendant.state == ATTENDANT_RUNS && request_sent < request_length) {
        size_t left = request_length - request_sent;
        uint32_t length = left < PAYLOAD_MAX ? (uint32_t)left : PAYLOAD_MAX;
        if (!offer(FRAME_REQUEST, length < left ? FLAG_MORE : 0, COMMAND, request + request_sent, length))
            return;
        request_sent += length;
    }
}

static void grant(void)
{
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        uint8_t bytes[4];
        put_u32(bytes, owed[stream]);
        if (!has_ended[stream] && owed[stream] >= REGRANT &&
            offer(FRAME_CREDIT, (uint8_t)(STREAM_OUTPUT + stream), COMMAND, bytes, sizeof bytes))
            owed[stream] = 0;
    }
}

static bool write_frames(void)
{
    if (connection.fd < 0 || !connection.writable || output_length == 0)
        return false;
    ssize_t count = send(connection.fd, output, output_length, MSG_NOSIGNAL);
    if (count <= 0) {
        connection.writable = count < 0 && errno == EINTR;
        return false;
    }
    output_length -= (size_t)count;
    memmove(output, output + count, output_length);
    return true;
}

bool attendant_act(void (*hand_over)(bool, const uint8_t *, size_t))
{
    bool progress = read_frames(hand_over);
    send_request();
    grant();
    return progress | write_frames();
}

bool attendant_power_off(void)
{
    static const uint8_t body[] = {FIELD_OPERATION, 1, 0, 0, OPERATION_POWER_OFF};
    return connection.fd >= 0 && offer(FRAME_REQUEST, 0, POWER, body, sizeof body);
}
