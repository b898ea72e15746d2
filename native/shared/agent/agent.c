#include "agent.h"
#include "loop.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    INPUT_SIZE = 4 * FRAME_MAX,
    /* Maximum output of other clients that a client's frame waits behind. */
    OUTPUT_SIZE = 4 * FRAME_MAX,
};

static struct watch connection = {.fd = -1};
static uint8_t input[INPUT_SIZE], output[OUTPUT_SIZE];
static size_t input_start, input_end, output_start, output_end;

bool agent_attach(int fd) { return watch_open(&connection, fd); }

bool agent_attached(void) { return connection.fd >= 0; }

void agent_close(void) { watch_close(&connection); }

bool agent_read(void)
{
    if (!connection.readable)
        return false;
    memmove(input, input + input_start, input_end - input_start);
    input_end -= input_start;
    input_start = 0;
    ssize_t count = recv(connection.fd, input + input_end, INPUT_SIZE - input_end, 0);
    if (count > 0)
        input_end += (size_t)count;
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        agent_close();
    else
        connection.readable = errno == EINTR;
    return count > 0;
}

enum frame_verdict agent_next(struct frame *frame)
{
    while (input_start < input_end && input[input_start] == 0)
        input_start++;
    if (input_start == input_end)
        return FRAME_PARTIAL;
    enum frame_verdict verdict = frame_read(input + input_start, input_end - input_start, frame);
    if (verdict == FRAME_WHOLE)
        input_start += HEADER_SIZE + frame->length;
    return verdict;
}

bool agent_find_hello(struct frame *frame)
{
    while (input_start < input_end) {
        const uint8_t *at = input + input_start;
        size_t length = input_end - input_start;
        enum frame_verdict verdict = frame_read(at, length, frame);
        bool known = length >= HEADER_SIZE && verdict != FRAME_INVALID;
        /* A frame of another type may be the cut-off one of an earlier session, with the HELLO in what seems to be its
         * payload. */
        if (verdict == FRAME_PARTIAL && (!known || at[4] == FRAME_HELLO))
            return false;
        if (verdict == FRAME_WHOLE && frame->type == FRAME_HELLO) {
            input_start += HEADER_SIZE + frame->length;
            return true;
        }
        input_start += frame_skip(at, length);
    }
    return false;
}

void agent_begin_anew(void)
{
    memset(output, 0, PAYLOAD_MAX);
    output_start = 0;
    output_end = PAYLOAD_MAX;
}

static uint8_t *room(size_t length)
{
    if (OUTPUT_SIZE - output_end < length) {
        memmove(output, output + output_start, output_end - output_start);
        output_end -= output_start;
        output_start = 0;
    }
    return OUTPUT_SIZE - output_end < length ? NULL : output + output_end;
}

bool agent_has_room(void) { return connection.fd >= 0 && room(FRAME_MAX); }

bool agent_offer(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length)
{
    uint8_t *at = room(HEADER_SIZE + length);
    if (connection.fd < 0 || !at)
        return false;
    frame_write_header(at, type, flag, channel, length);
    if (length > 0)
        memcpy(at + HEADER_SIZE, payload, length);
    output_end += HEADER_SIZE + length;
    return true;
}

bool agent_drained(void) { return output_start == output_end; }

bool agent_write(void)
{
    bool progress = false;
    while (connection.writable && !agent_drained()) {
        ssize_t count = send(connection.fd, output + output_start, output_end - output_start, MSG_NOSIGNAL);
        if (count <= 0) {
            /* A lost connection is noticed by reading. */
            connection.writable = count < 0 && errno == EINTR;
            break;
        }
        output_start += (size_t)count;
        progress = true;
    }
    if (agent_drained())
        output_start = output_end = 0;
    return progress;
}
