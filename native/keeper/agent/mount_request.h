/* The launcher's request for the guest's agent, taken apart: an answer to one part must not decide about another one. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Settings of the guest, or one of its mounts. */
struct part {
    const uint8_t *at;
    size_t length;
    /* The path in the guest; NULL when nothing is mounted. */
    const char *path;
    /* The agent's last answer: 0 for none, and for success. */
    uint32_t reason;
    uint8_t phase;
};

enum { PARTS_MAX = 256 };

extern struct mount_request {
    struct part parts[PARTS_MAX];
    unsigned count;
} mount_request;

enum request_change { REQUEST_IS_SAME, REQUEST_IS_NEW, REQUEST_IS_INVALID };

/* Reads the file, in hexadecimal digits. The parts of a new request have no answers yet. When the file is invalid, errno
 * is set and nothing changes. */
enum request_change mount_request_read(const char *path);
/* Writes a request with this part alone, and returns its length. */
size_t mount_request_body(const struct part *part, uint8_t *body);
