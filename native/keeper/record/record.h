/* The files that describe the machine to other processes: the record of its run and the record of its end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { RECORD_STATE_MAX = 33 };

/* Writes the first record. False, errno set. */
bool record_start(const char *run, const char *end);
/* The result of query-status. */
void record_state(const char *state);
/* The data of the BLOCK_IO_ERROR for which QEMU paused the machine; NULL when it resumes. */
void record_disk_stop(const char *data, size_t length);
/* Something in the record has changed. */
void record_changed(void);
/* Writes the record if it is out of date; tries again later on failure. */
void record_act(void);
/* Writes the end's record, then removes the run's. For the first arguments, see struct monitor; `command` is JSON. */
void record_end(bool negotiated, const char *fatal_state, const char *command);
/* QEMU was never started. */
void record_remove(void);
