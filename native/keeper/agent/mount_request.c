#include "mount_request.h"
#include "fields.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct mount_request mount_request;

/* The bytes of the request that was read last, and of the one that is being read. */
static uint8_t known[PAYLOAD_MAX], fresh[PAYLOAD_MAX];
static size_t known_length, fresh_length;
/* A field of this size names the operation, and begins every request. */
enum { OPERATION_LENGTH = 5 };

static int digit_of(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = character ? strchr(digits, character) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* False, errno set. */
static bool read_digits(const char *path)
{
    char text[2 * sizeof fresh];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    errno = reason;
    if (count < 0)
        return false;
    errno = EINVAL;
    if (count % 2 != 0)
        return false;
    fresh_length = 0;
    for (ssize_t index = 0; index < count; index += 2) {
        int high = digit_of(text[index]), low = digit_of(text[index + 1]);
        if (high < 0 || low < 0)
            return false;
        fresh[fresh_length++] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* False when the bytes are no request, or one of too many parts. */
static bool split(const uint8_t *bytes, size_t length, struct mount_request *into)
{
    struct field_reader reader = {.at = bytes, .left = length};
    struct field field;
    struct part *part = NULL;
    into->count = 0;
    if (length > 0 && (!field_next(&reader, &field) || field.tag != FIELD_OPERATION || field.length != 1))
        return false;
    for (const uint8_t *at = reader.at; field_next(&reader, &field); at = reader.at) {
        if (!part || field.tag == FIELD_MOUNT) {
            if (into->count == PARTS_MAX)
                return false;
            part = &into->parts[into->count++];
            *part = (struct part){.at = at};
        }
        if (field.tag == FIELD_PATH)
            part->path = field_text(&field);
        part->length = (size_t)(reader.at - part->at);
    }
    return !reader.malformed;
}

enum request_change mount_request_read(const char *path)
{
    static struct mount_request checked;
    if (!read_digits(path))
        return REQUEST_IS_INVALID;
    if (fresh_length == known_length && memcmp(fresh, known, known_length) == 0)
        return REQUEST_IS_SAME;
    if (!split(fresh, fresh_length, &checked)) {
        errno = EINVAL;
        return REQUEST_IS_INVALID;
    }
    memcpy(known, fresh, fresh_length);
    known_length = fresh_length;
    split(known, known_length, &mount_request);
    return REQUEST_IS_NEW;
}

size_t mount_request_body(const struct part *part, uint8_t *body)
{
    memcpy(body, known, OPERATION_LENGTH);
    memcpy(body + OPERATION_LENGTH, part->at, part->length);
    return OPERATION_LENGTH + part->length;
}
