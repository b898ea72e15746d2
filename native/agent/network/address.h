/* An IPv4 or IPv6 address of a link. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct address {
    uint8_t family;
    uint8_t prefix;
    uint8_t length;
    uint8_t bytes[16];
};

/* Parses `address` or `address/prefix`. */
bool address_parse(const char *text, struct address *address);
/* Adds it to the link; `flags` say what happens when the link has it (NLM_F_REPLACE, NLM_F_EXCL). 0 or an errno. */
int address_add(int netlink, int link, const struct address *address, uint16_t flags);
/* Announces an address that the link has to the neighbours. */
void address_announce(int link, const struct address *address);
