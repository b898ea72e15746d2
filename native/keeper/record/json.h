/* A minimal JSON parser for a monitor's lines. Nothing is copied: values are pieces of the line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct span {
    const char *at;
    size_t length;
};

/* True for one complete object, well-formed and in ASCII, as QEMU writes it. The other functions require such an
 * object. */
bool json_is_object(struct span text);
/* Finds a member of the object itself: nested members and strings may come from the guest. */
bool json_member(struct span object, const char *key, struct span *value);
/* True for this string, written without escapes. */
bool json_is_string(struct span value, const char *text);
