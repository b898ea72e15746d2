/* Words with commas between them. */
#pragma once
#include <stddef.h>

struct word {
    const char *name;
    unsigned long long bit;
};

/* The bits of the words in LIST; ends the program at one that is not among them. */
unsigned long long word_list_read(const char *option, const char *list, const struct word *words, size_t count);
