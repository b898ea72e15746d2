/* Name, clock and entropy of the running system. Each returns 0 or an errno. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Also writes /etc/hostname, and puts the name into /etc/hosts where it is not there yet, for our own one of before. */
int system_set_hostname(const char *name);
/* Nanoseconds since 1970. */
int system_set_clock(uint64_t time);
/* Credits every bit and makes the generator take them in at once. */
int system_add_entropy(const uint8_t *bytes, size_t length);
/* Makes a small file hold this; a link is replaced by it. */
int write_file(const char *path, const char *text);
