/* Name, clock and entropy of the running system. Each returns 0 or an errno. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Also writes /etc/hostname, and adds the name to /etc/hosts if it is missing, replacing our own earlier one. */
int system_set_hostname(const char *name);
/* Nanoseconds since 1970. */
int system_set_clock(uint64_t time);
/* Credits every bit and makes the generator use them at once. */
int system_add_entropy(const uint8_t *bytes, size_t length);
