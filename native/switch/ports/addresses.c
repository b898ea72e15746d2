#include "addresses.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    /* A guest can claim many addresses, and must not fill the memory with them. */
    ADDRESSES_A_PORT = 1024,
    BUCKET_BITS = 12,
};

struct address {
    uint8_t mac[MAC_SIZE];
    bool is_fixed;
    struct port *port;
    struct address *in_bucket;
    /* On its port. */
    struct address *older, *newer;
};

static struct address *buckets[1 << BUCKET_BITS];
/* Secret, so that no guest can choose addresses that share a bucket. */
static uint64_t multiplier = 0x9e3779b97f4a7c15;

void addresses_start(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number)
        multiplier = number | 1;
}

static struct address **bucket_of(const uint8_t *mac)
{
    uint64_t number = (uint64_t)get_be16(mac) << 32 | get_be32(mac + 2);
    return &buckets[number * multiplier >> (64 - BUCKET_BITS)];
}

static struct address *find(const uint8_t *mac)
{
    struct address *address = *bucket_of(mac);
    while (address && memcmp(address->mac, mac, MAC_SIZE) != 0)
        address = address->in_bucket;
    return address;
}

static void leave_port(struct address *address)
{
    struct port *port = address->port;
    *(address->older ? &address->older->newer : &port->oldest) = address->newer;
    *(address->newer ? &address->newer->older : &port->newest) = address->older;
    port->address_count--;
}

static void join_port(struct address *address, struct port *port)
{
    address->port = port;
    address->newer = NULL;
    address->older = port->newest;
    *(port->newest ? &port->newest->newer : &port->oldest) = address;
    port->newest = address;
    port->address_count++;
}

static void forget(struct address *address)
{
    struct address **at = bucket_of(address->mac);
    while (*at != address)
        at = &(*at)->in_bucket;
    *at = address->in_bucket;
    leave_port(address);
    free(address);
}

static struct address *add(struct port *port, const uint8_t *mac)
{
    struct address *address = calloc(1, sizeof *address), **bucket = bucket_of(mac);
    if (!address)
        return NULL;
    memcpy(address->mac, mac, MAC_SIZE);
    address->in_bucket = *bucket;
    *bucket = address;
    join_port(address, port);
    return address;
}

static void forget_oldest(struct port *port)
{
    struct address *oldest = port->oldest;
    if (oldest->is_fixed)
        oldest = oldest->newer;
    forget(oldest);
}

bool addresses_fix(struct port *port)
{
    struct address *address = find(port->mac);
    if (address)
        forget(address);
    address = add(port, port->mac);
    if (address)
        address->is_fixed = true;
    return address;
}

bool addresses_learn(struct port *port, const uint8_t *mac)
{
    struct address *address = find(mac);
    if (address && address->port == port)
        return true;
    if (address && address->is_fixed)
        return false;
    if (mac_is_group(mac))
        return true;
    if (address) {
        leave_port(address);
        join_port(address, port);
    } else if (!add(port, mac)) {
        return true; /* Frames for it go to all ports. */
    }
    if (port->address_count > ADDRESSES_A_PORT)
        forget_oldest(port);
    return true;
}

struct port *addresses_find(const uint8_t *mac)
{
    struct address *address = find(mac);
    return address ? address->port : NULL;
}

void addresses_forget(struct port *port)
{
    while (port->oldest)
        forget(port->oldest);
}
