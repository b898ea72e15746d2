/* Copies of frames for clients, as pcap files. */
#pragma once
#include "queue.h"
#include "words.h"
#include <stddef.h>
#include <stdint.h>

enum { CAPTURES_MAX = 8 };

struct capture {
    unsigned id;
    /* The only member whose frames are recorded; empty for all frames. */
    char name[NAME_SIZE];
    uint64_t packets, lost;
    struct queue *output;
};

extern struct capture *captures[CAPTURES_MAX];
extern unsigned capture_count;

/* Starts with the file's header. NULL without memory. There must be room for another one. */
struct capture *capture_open(const char *name, struct queue *output);
void capture_close(struct capture *capture);

/* Records a frame, with its length before it, that came from a member, or is a reply to it. */
void captures_record(const char *from, const uint8_t *frame, size_t length);
/* Records it for captures of the member that gets it. */
void captures_record_delivery(const char *from, const char *to, const uint8_t *frame, size_t length);
