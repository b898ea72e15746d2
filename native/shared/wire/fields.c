#include "fields.h"
#include "bytes.h"
#include <string.h>

enum { FIELD_HEADER = 4 };

bool field_next(struct field_reader *reader, struct field *field)
{
    if (reader->left == 0 || reader->malformed)
        return false;
    if (reader->left < FIELD_HEADER || reader->at[0] == 0) {
        reader->malformed = true;
        return false;
    }
    uint32_t length = get_u32(reader->at) >> 8;
    if (length > reader->left - FIELD_HEADER) {
        reader->malformed = true;
        return false;
    }
    *field = (struct field){.tag = reader->at[0], .length = length, .value = reader->at + FIELD_HEADER};
    reader->at += FIELD_HEADER + length;
    reader->left -= FIELD_HEADER + length;
    return true;
}

const char *field_text(const struct field *field)
{
    if (field->length == 0 || memchr(field->value, 0, field->length) != field->value + field->length - 1)
        return NULL;
    return (const char *)field->value;
}

bool field_u32(const struct field *field, uint32_t *number)
{
    if (field->length != 4)
        return false;
    *number = get_u32(field->value);
    return true;
}

bool field_u64(const struct field *field, uint64_t *number)
{
    if (field->length != 8)
        return false;
    *number = get_u64(field->value);
    return true;
}

static uint8_t *reply_room(struct reply *reply, uint8_t tag, size_t length)
{
    if (length + FIELD_HEADER > sizeof reply->bytes - reply->length)
        return NULL;
    uint8_t *at = reply->bytes + reply->length;
    put_u32(at, tag | (uint32_t)length << 8);
    reply->length += FIELD_HEADER + length;
    return at + FIELD_HEADER;
}

void reply_u8(struct reply *reply, uint8_t tag, uint8_t number)
{
    uint8_t *at = reply_room(reply, tag, 1);
    if (at)
        *at = number;
}

void reply_u32(struct reply *reply, uint8_t tag, uint32_t number)
{
    uint8_t *at = reply_room(reply, tag, 4);
    if (at)
        put_u32(at, number);
}

void reply_u64(struct reply *reply, uint8_t tag, uint64_t number)
{
    uint8_t *at = reply_room(reply, tag, 8);
    if (at)
        put_u64(at, number);
}

void reply_text(struct reply *reply, uint8_t tag, const char *text)
{
    size_t length = strlen(text) + 1;
    uint8_t *at = reply_room(reply, tag, length);
    if (at)
        memcpy(at, text, length);
}
