/* The file `table`, which PROTOCOL.md describes. */
#pragma once
#include "link.h"
#include "octets.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARTITIONS_MAX = 64, PROBLEM_SIZE = 128 };

struct member {
    uint8_t mac[MAC_SIZE];
    /* 0 for none. */
    uint32_t address;
    /* 0 for that of the table. */
    uint16_t mtu;
    struct link_properties link;
};

struct group_member {
    const char *name;
    unsigned group;
};

struct partition {
    struct group_member *names;
    size_t count;
};

struct table {
    bool has_subnet;
    uint32_t network;
    uint32_t mask;
    /* The address of the DHCP server. */
    uint32_t server;
    /* 0 for none. */
    uint16_t mtu;
    /* Sorted by hardware address. */
    struct member *members;
    size_t member_count;
    /* Each sorted by name. */
    struct partition partitions[PARTITIONS_MAX];
    unsigned partition_count;
    /* Names point into it. */
    char *text;
};

/* Returns an empty table if there is no such file. NULL with the reason in `problem`. */
struct table *table_read(const char *path, char problem[PROBLEM_SIZE]);
/* The same for a text, which it takes over. */
struct table *table_parse(char *text, char problem[PROBLEM_SIZE]);
void table_free(struct table *table);

const struct member *table_member(const struct table *table, const uint8_t *mac);
/* Returns the number of the name's group in a partition; -1 if it is in none. */
int table_group(const struct table *table, unsigned partition, const char *name);
