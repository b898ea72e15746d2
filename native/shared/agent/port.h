/* The connection to the agent through QEMU, with one buffer for each direction. */
#pragma once
#include "frame.h"
#include <stdbool.h>
#include <stdint.h>

/* Takes over `fd`. False, errno set. */
bool port_attach(int fd);
/* False after QEMU has closed it. */
bool port_attached(void);
void port_close(void);

/* Reads once. True when something was read: there may be more. */
bool port_read(void);
/* Returns the next frame of the input, valid until the next port_read; FRAME_PARTIAL for none. Padding is skipped.
 * FRAME_INVALID for bytes that are not a frame. */
enum frame_verdict port_next(struct frame *frame);
/* Finds the next HELLO at any offset. False for none. */
bool port_find_hello(struct frame *frame);

/* Discards all unwritten output; padding completes any frame that the agent expects the rest of. */
void port_begin_anew(void);
/* True when there is room for a frame of any length. */
bool port_has_room(void);
/* False when there is no room for it. */
bool port_offer(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
/* True when nothing is waiting to be written. */
bool port_drained(void);
/* Writes as much as possible. True when something was written. */
bool port_write(void);
