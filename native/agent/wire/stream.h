/* One direction of a command's content, limited by the receiver's credit. */
#pragma once
#include "loop.h"
#include "protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From a command to the host. */
struct source {
    struct watch watch;
    uint32_t credit;
    /* After a small piece, waits for more until this time (of now_ms). */
    int64_t pause_until;
    /* Bytes that are still forwarded after the command's end; unlimited before it. */
    uint32_t budget;
    uint8_t number;
    bool is_terminal;
    bool open;
};

bool source_open(struct source *source, int fd, uint8_t number, bool is_terminal);
/* False when the host grants more than a window. */
bool source_grant(struct source *source, uint32_t bytes);
/* The command has ended: its own output is forwarded, later output of other processes is not. */
void source_limit(struct source *source);
/* Sends at most one DATA frame, or END. True when it sent one. */
bool source_pump(struct source *source, uint32_t channel);
void source_close(struct source *source);

/* From the host to a command. */
struct drain {
    struct watch watch;
    uint8_t *bytes;
    size_t start, end, capacity;
    /* Written but not granted again yet. */
    uint32_t owed;
    /* The last byte written, to know whether a terminal's line is unfinished. */
    uint8_t last;
    bool is_terminal;
    bool open;
    /* The host has sent END, or was told to stop: no more content arrives. */
    bool ended;
};

bool drain_open(struct drain *drain, int fd, bool is_terminal);
/* False when the host sent more than it was granted. */
bool drain_receive(struct drain *drain, const uint8_t *bytes, uint32_t length);
void drain_end(struct drain *drain);
/* Writes, grants credit, and sends END when the command has stopped reading. True when it did something. */
bool drain_pump(struct drain *drain, uint32_t channel);
void drain_close(struct drain *drain);
