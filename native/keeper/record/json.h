/* Just enough JSON for a monitor's lines. Nothing is copied: values are pieces of the line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct span {
    const char *at;
    size_t length;
};

/* True for one whole object, well-formed and in ASCII, as QEMU writes it. The others here want such an object. */
bool json_is_object(struct span text);
/* Finds a member of this very object: what lies deeper or inside of strings may come from the guest. */
bool json_member(struct span object, const char *key, struct span *value);
/* True for this string, written without escapes. */
bool json_is_string(struct span value, const char *text);
