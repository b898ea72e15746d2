/* HELLO: the agent's last answer, and the answer to its clients. */
#pragma once
#include "frame.h"
#include <stdbool.h>

enum { HELLO_SIZE = 24 };

extern struct greeting {
    /* The agent has answered our last OPEN, with a version that we know. */
    bool open;
    /* The payload of its last answer. */
    uint8_t hello[HELLO_SIZE];
} greeting;

/* True when a HELLO of sufficient length answers the OPEN with this nonce. */
bool hello_answers(const struct frame *frame, const uint8_t nonce[NONCE_SIZE]);
/* True when an unsolicited HELLO ends the session. */
bool hello_is_unasked(const struct frame *frame);
