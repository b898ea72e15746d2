/* Reads and writes frame headers. */
#pragma once
#include "protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
    uint8_t type;
    uint8_t flag;
    uint32_t channel;
    const uint8_t *payload;
    uint32_t length;
};

enum frame_verdict { FRAME_WHOLE, FRAME_PARTIAL, FRAME_INVALID };

void frame_write_header(uint8_t *at, uint8_t type, uint8_t flag, uint32_t channel, uint32_t length);

/* Examines the bytes at `at`; `frame` is filled when the whole frame is there. */
enum frame_verdict frame_read(const uint8_t *at, size_t length, struct frame *frame);

/* True for a frame from the host about a channel that a request has opened. */
bool frame_is_for_channel(const struct frame *frame);

/* Returns the number of bytes to drop before a frame could begin; at least one when `length` is not zero. */
size_t frame_skip(const uint8_t *at, size_t length);
