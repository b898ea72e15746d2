#include "json.h"
#include <string.h>

enum { DEPTH_MAX = 64 };

struct cursor {
    const char *at, *end;
};

static int peek(const struct cursor *cursor)
{
    return cursor->at < cursor->end ? (unsigned char)*cursor->at : -1;
}

static bool take(struct cursor *cursor, char wanted)
{
    if (peek(cursor) != wanted)
        return false;
    cursor->at++;
    return true;
}

static void skip_space(struct cursor *cursor)
{
    while (peek(cursor) == ' ' || peek(cursor) == '\t')
        cursor->at++;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hexadecimal(int byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

static bool skip_digits(struct cursor *cursor)
{
    const char *start = cursor->at;
    while (is_digit(peek(cursor)))
        cursor->at++;
    return cursor->at > start;
}

static bool skip_number(struct cursor *cursor)
{
    take(cursor, '-');
    if (!take(cursor, '0') && !skip_digits(cursor))
        return false;
    if (take(cursor, '.') && !skip_digits(cursor))
        return false;
    if (!take(cursor, 'e') && !take(cursor, 'E'))
        return true;
    if (!take(cursor, '-'))
        take(cursor, '+');
    return skip_digits(cursor);
}

static bool skip_escape(struct cursor *cursor)
{
    int byte = peek(cursor);
    if (byte <= 0 || !strchr("\"\\/bfnrtu", byte))
        return false;
    cursor->at++;
    for (unsigned digit = 0; byte == 'u' && digit < 4; digit++, cursor->at++)
        if (!is_hexadecimal(peek(cursor)))
            return false;
    return true;
}

static bool skip_string(struct cursor *cursor)
{
    if (!take(cursor, '"'))
        return false;
    for (;;) {
        int byte = peek(cursor);
        if (byte < 0x20 || byte > 0x7e)
            return false;
        cursor->at++;
        if (byte == '"')
            return true;
        if (byte == '\\' && !skip_escape(cursor))
            return false;
    }
}

static bool skip_word(struct cursor *cursor, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool skip_value(struct cursor *cursor, unsigned depth);

static bool skip_key(struct cursor *cursor)
{
    skip_space(cursor);
    if (!skip_string(cursor))
        return false;
    skip_space(cursor);
    return take(cursor, ':');
}

static bool skip_members(struct cursor *cursor, char close, unsigned depth)
{
    cursor->at++;
    skip_space(cursor);
    if (take(cursor, close))
        return true;
    do {
        if (close == '}' && !skip_key(cursor))
            return false;
        if (!skip_value(cursor, depth + 1))
            return false;
    } while (take(cursor, ','));
    return take(cursor, close);
}

static bool skip_plain_value(struct cursor *cursor, unsigned depth)
{
    if (depth == DEPTH_MAX)
        return false;
    switch (peek(cursor)) {
    case '{':
        return skip_members(cursor, '}', depth);
    case '[':
        return skip_members(cursor, ']', depth);
    case '"':
        return skip_string(cursor);
    case 't':
        return skip_word(cursor, "true");
    case 'f':
        return skip_word(cursor, "false");
    case 'n':
        return skip_word(cursor, "null");
    default:
        return skip_number(cursor);
    }
}

static bool skip_value(struct cursor *cursor, unsigned depth)
{
    skip_space(cursor);
    if (!skip_plain_value(cursor, depth))
        return false;
    skip_space(cursor);
    return true;
}

bool json_is_object(struct span text)
{
    struct cursor cursor = {text.at, text.at + text.length};
    return peek(&cursor) == '{' && skip_value(&cursor, 0) && cursor.at == cursor.end;
}

bool json_member(struct span object, const char *key, struct span *value)
{
    struct cursor cursor = {object.at, object.at + object.length};
    skip_space(&cursor);
    if (!take(&cursor, '{'))
        return false;
    do {
        skip_space(&cursor);
        struct span name = {.at = cursor.at};
        if (!skip_string(&cursor))
            return false;
        name.length = (size_t)(cursor.at - name.at);
        skip_space(&cursor);
        if (!take(&cursor, ':'))
            return false;
        skip_space(&cursor);
        value->at = cursor.at;
        if (!skip_plain_value(&cursor, 1))
            return false;
        value->length = (size_t)(cursor.at - value->at);
        if (json_is_string(name, key))
            return true;
        skip_space(&cursor);
    } while (take(&cursor, ','));
    return false;
}

bool json_is_string(struct span value, const char *text)
{
    size_t length = strlen(text);
    return value.length == length + 2 && value.at[0] == '"' && memcmp(value.at + 1, text, length) == 0;
}
