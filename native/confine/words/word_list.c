#include "word_list.h"
#include "fail.h"
#include <string.h>

static unsigned long long bit_of(const char *option, const char *at, size_t length, const struct word *words,
                                 size_t count)
{
    for (size_t index = 0; index < count; index++)
        if (strlen(words[index].name) == length && strncmp(words[index].name, at, length) == 0)
            return words[index].bit;
    fail("%s: unknown value \"%.*s\"", option, (int)length, at);
}

unsigned long long word_list_read(const char *option, const char *list, const struct word *words, size_t count)
{
    unsigned long long bits = 0;
    for (;;) {
        size_t length = strcspn(list, ",");
        bits |= bit_of(option, list, length, words, count);
        if (list[length] == '\0')
            return bits;
        list += length + 1;
    }
}
