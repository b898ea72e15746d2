/* The bodies of requests and replies: a list of (tag, length, value). */
#pragma once
#include "protocol.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
    uint8_t tag;
    uint32_t length;
    const uint8_t *value;
};

struct field_reader {
    const uint8_t *at;
    size_t left;
    /* Set when the bytes are not a list of fields; reading then ends. */
    bool malformed;
};

bool field_next(struct field_reader *reader, struct field *field);

/* Returns the value as text, or NULL when it does not end with its only NUL. It is valid as long as the body. */
const char *field_text(const struct field *field);
/* True when the value has exactly this size; the number is then stored. */
bool field_u32(const struct field *field, uint32_t *number);
bool field_u64(const struct field *field, uint64_t *number);

/* A reply under construction. Fields that do not fit are left out. */
struct reply {
    uint8_t bytes[512];
    size_t length;
};

void reply_u8(struct reply *reply, uint8_t tag, uint8_t number);
void reply_u32(struct reply *reply, uint8_t tag, uint32_t number);
void reply_u64(struct reply *reply, uint8_t tag, uint64_t number);
void reply_text(struct reply *reply, uint8_t tag, const char *text);
