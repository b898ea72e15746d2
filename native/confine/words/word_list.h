/* Words with commas between them. */
#pragma once
#include <stddef.h>

struct word {
    const char *name;
    unsigned long long bit;
};

/* Returns the bits of the words in LIST; exits on an unknown word. */
unsigned long long word_list_read(const char *option, const char *list, const struct word *words, size_t count);
