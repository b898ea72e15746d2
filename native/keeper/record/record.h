/* The files by which others know of the machine: the record of its run and the record of its end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { RECORD_STATE_MAX = 33 };

/* Writes the first record. False, errno set. */
bool record_start(const char *run, const char *end);
/* What query-status said. */
void record_state(const char *state);
/* The data of the BLOCK_IO_ERROR for which QEMU stopped the machine, as it sent them; NULL: it goes on. */
void record_disk_stop(const char *data, size_t length);
/* Something that is in the record is different now. */
void record_changed(void);
/* Writes the record when it is out of date; again later where that fails. */
void record_act(void);
/* Writes the end's record, then removes the run's. What the monitor had heard by then: see struct monitor. */
void record_end(bool negotiated, const char *fatal_state);
/* QEMU never ran. */
void record_remove(void);
