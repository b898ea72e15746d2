/* The connection to the agent by way of QEMU, with one buffer for each direction. */
#pragma once
#include "frame.h"
#include <stdbool.h>
#include <stdint.h>

/* Takes over `fd`. False, errno set. */
bool port_attach(int fd);
/* False after QEMU has closed it. */
bool port_attached(void);
void port_close(void);

/* Reads once. True when something came: there may be more. */
bool port_read(void);
/*
 * The next frame of what was read, which stays until the next port_read; FRAME_PARTIAL for none. Padding is skipped. Of bytes
 * that are no frame FRAME_INVALID is said.
 */
enum frame_verdict port_next(struct frame *frame);
/* The next HELLO, at whatever offset. False for none. */
bool port_find_hello(struct frame *frame);

/* Forgets all that was not written yet; padding ends whatever frame the agent believes to be in. */
void port_begin_anew(void);
/* True when a frame of any length has room. */
bool port_has_room(void);
/* False when it has no room. */
bool port_offer(uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length);
/* Nothing waits to be written. */
bool port_drained(void);
/* Writes what it can. True when something was written. */
bool port_write(void);
