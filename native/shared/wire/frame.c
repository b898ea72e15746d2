#include "frame.h"
#include "bytes.h"
#include <string.h>

/* The last byte occurs in no UTF-8 text, so console output is never taken for a frame. */
static const uint8_t MAGIC[4] = {'V', 'M', 'L', 0xf7};

/* One's complement sum of the header's other 16-bit words, as in IP (RFC 1071). */
static uint16_t header_check(const uint8_t *header)
{
    uint32_t sum = 0;
    for (int offset = 0; offset < HEADER_SIZE; offset += 2)
        if (offset != 6)
            sum += get_u16(header + offset);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void frame_write_header(uint8_t *at, uint8_t type, uint8_t flag, uint32_t channel, uint32_t length)
{
    memcpy(at, MAGIC, sizeof MAGIC);
    at[4] = type;
    at[5] = flag;
    put_u32(at + 8, channel);
    put_u32(at + 12, length);
    put_u16(at + 6, header_check(at));
}

enum frame_verdict frame_read(const uint8_t *at, size_t length, struct frame *frame)
{
    size_t known = length < sizeof MAGIC ? length : sizeof MAGIC;
    if (memcmp(at, MAGIC, known) != 0)
        return FRAME_INVALID;
    if (length < HEADER_SIZE)
        return FRAME_PARTIAL;
    uint32_t payload = get_u32(at + 12);
    if (payload > PAYLOAD_MAX || get_u16(at + 6) != header_check(at))
        return FRAME_INVALID;
    if (length < HEADER_SIZE + payload)
        return FRAME_PARTIAL;
    *frame = (struct frame){
        .type = at[4], .flag = at[5], .channel = get_u32(at + 8), .payload = at + HEADER_SIZE, .length = payload};
    return FRAME_WHOLE;
}

size_t frame_skip(const uint8_t *at, size_t length)
{
    if (length == 0)
        return 0;
    const uint8_t *next = memchr(at + 1, MAGIC[0], length - 1);
    return next ? (size_t)(next - at) : length;
}

bool frame_is_for_channel(const struct frame *frame)
{
    switch (frame->type) {
    case FRAME_DATA:
    case FRAME_END:
    case FRAME_CREDIT:
    case FRAME_SIGNAL:
    case FRAME_RESIZE:
    case FRAME_CANCEL:
        return true;
    default:
        return false;
    }
}
