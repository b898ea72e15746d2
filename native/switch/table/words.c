#include "words.h"
#include "octets.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool name_is_valid(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
    return length > 0 && length < NAME_SIZE && text[length] == 0;
}

static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit >= 'A' && digit <= 'F' ? digit + ('a' - 'A') : digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool mac_read(const char *text, uint8_t *mac)
{
    static const uint8_t zero[MAC_SIZE];
    if (strlen(text) != MAC_TEXT_SIZE - 1)
        return false;
    for (int index = 0; index < MAC_SIZE; index++) {
        int high = digit_value(text[3 * index]), low = digit_value(text[3 * index + 1]);
        if (high < 0 || low < 0 || (index > 0 && text[3 * index - 1] != ':'))
            return false;
        mac[index] = (uint8_t)(high << 4 | low);
    }
    return !mac_is_group(mac) && memcmp(mac, zero, MAC_SIZE) != 0;
}

void mac_write(const uint8_t *mac, char text[MAC_TEXT_SIZE])
{
    snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

bool address_read(const char *text, uint32_t *address)
{
    struct in_addr parsed;
    if (inet_pton(AF_INET, text, &parsed) != 1)
        return false;
    *address = ntohl(parsed.s_addr);
    return true;
}

bool number_read(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    size_t length = strspn(text, "0123456789");
    /* More digits may not fit. */
    if (length == 0 || length > 18 || text[length])
        return false;
    *number = 0;
    for (; *text; text++)
        *number = *number * 10 + (uint64_t)(*text - '0');
    return *number >= least && *number <= most;
}

char *word_next(char **rest, char separator)
{
    char *word = *rest;
    if (!word)
        return NULL;
    char *end = strchr(word, separator);
    if (end)
        *end = 0;
    *rest = end ? end + 1 : NULL;
    return word;
}
