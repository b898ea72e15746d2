/* The files that describe the machine to other processes: the record of its run and the record of its end. */
#pragma once
#include "text.h"
#include <stdbool.h>
#include <stddef.h>

enum { RECORD_STATE_MAX = 33 };

/* Prints what the records contain of the machine: members of a JSON object, each with a comma before it. */
struct record_parts {
    void (*print_run)(struct text *text);
    void (*print_end)(struct text *text);
};

/* Writes the first record. False, errno set. */
bool record_start(const char *run, const char *end, const struct record_parts *of_machine);
/* The result of query-status. */
void record_state(const char *state);
/* The data of the BLOCK_IO_ERROR for which QEMU paused the machine; NULL when it resumes. */
void record_disk_stop(const char *data, size_t length);
/* Something in the record has changed. */
void record_changed(void);
/* Writes the record if it is out of date; tries again later on failure. */
void record_act(void);
/* Writes the end's record, then removes the run's. */
void record_end(void);
/* QEMU was never started. */
void record_remove(void);
