/* HELLO: what the agent has answered last, and what its clients are told. */
#pragma once
#include "frame.h"
#include <stdbool.h>

enum { HELLO_SIZE = 24 };

extern struct greeting {
    /* The agent has answered our last OPEN, in a version that we know. */
    bool open;
    /* The payload of its last answer. */
    uint8_t hello[HELLO_SIZE];
} greeting;

/* Of a HELLO that is long enough: whether it answers the OPEN with this nonce. */
bool hello_answers(const struct frame *frame, const uint8_t nonce[NONCE_SIZE]);
/* Whether it says by itself that no session holds any more. */
bool hello_is_unasked(const struct frame *frame);
