/* The file that names all forwards: three words for each, ended by NUL: a path or an IP address, a port, the guest's port. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { FORWARDS_MAX = 32, ADDRESS_SIZE = 108 };

struct entry {
    /* An absolute path, or an IPv4 or IPv6 address. */
    char address[ADDRESS_SIZE];
    /* 0 for a path. */
    uint16_t port, guest_port;
};

/* False, errno set, when the file is missing or invalid. */
bool table_read(const char *path, struct entry entries[FORWARDS_MAX], unsigned *count);
bool entry_equals(const struct entry *one, const struct entry *other);
