/* Text in a buffer of a fixed size. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at;
    size_t size, length;
    /* Something did not fit and was left out. */
    bool cut;
};

void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As a string of JSON, which valid UTF-8 makes valid; null for NULL. */
void text_print_string(struct text *text, const char *string);
