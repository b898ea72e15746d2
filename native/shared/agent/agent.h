/* The connection to an agent, with one buffer for each direction: the keeper's through QEMU, or a relay's to the keeper,
 * which answers as the agent. */
#pragma once
#include "frame.h"
#include <stdbool.h>
#include <stdint.h>

/* Takes over `fd`. False, errno set. */
bool agent_attach(int fd);
/* False after the other side has closed it. */
bool agent_attached(void);
void agent_close(void);

/* Reads once. True when something was read: there may be more. */
bool agent_read(void);
/* Returns the next frame of the input, valid until the next agent_read; FRAME_PARTIAL for none. Padding is skipped.
 * FRAME_INVALID for bytes that are not a frame. */
enum frame_verdict agent_next(struct frame *frame);
/* Finds the next HELLO at any offset. False for none. */
bool agent_find_hello(struct frame *frame);

/* Discards all unwritten output; padding completes any frame that the agent expects the rest of. */
void agent_begin_anew(void);
/* True when there is room for a frame of any length. */
bool agent_has_room(void);
/* False when there is no room for it. */
bool agent_offer(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
/* True when nothing is waiting to be written. */
bool agent_drained(void);
/* Writes as much as possible. True when something was written. */
bool agent_write(void);
