/* Big-endian numbers in byte buffers, and Ethernet's sizes. */
#pragma once
#include <stdint.h>
#include <string.h>

enum {
    MAC_SIZE = 6,
    /* Two addresses and a type. */
    ETHERNET_HEADER = 14,
    /* QEMU writes a frame's length before it (net/stream.c). */
    LENGTH_SIZE = 4,
    /* The largest MTU is 65535; a header and a VLAN tag. */
    FRAME_LONGEST = 65536 + 18,
};

static inline uint16_t get_be16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static inline uint32_t get_be32(const uint8_t *at) { return (uint32_t)get_be16(at) << 16 | get_be16(at + 2); }

static inline void put_be16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *at, uint32_t value)
{
    put_be16(at, (uint16_t)(value >> 16));
    put_be16(at + 2, (uint16_t)value);
}

/* Also broadcast. */
static inline int mac_is_group(const uint8_t *mac) { return mac[0] & 1; }
