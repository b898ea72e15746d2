/* Words of the table and of requests. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { NAME_SIZE = 64, MAC_TEXT_SIZE = 18 };

/* A member's name. It needs no escapes in JSON. */
bool name_is_valid(const char *text);
/* A card's address: neither a group address nor zero. */
bool mac_read(const char *text, uint8_t *mac);
void mac_write(const uint8_t *mac, char text[MAC_TEXT_SIZE]);
bool address_read(const char *text, uint32_t *address);
bool number_read(const char *text, uint64_t least, uint64_t most, uint64_t *number);
/* Cuts off the text's first word, up to the separator or the end, which moves `rest` behind it. NULL at the end. */
char *word_next(char **rest, char separator);
