#include "text.h"
#include <stdarg.h>
#include <stdio.h>

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = text->size - text->length;
    int length = vsnprintf(text->at + text->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        text->cut = true;
    else
        text->length += (size_t)length;
}

void text_print_string(struct text *text, const char *string)
{
    if (!string) {
        text_print(text, "null");
        return;
    }
    text_print(text, "\"");
    for (; *string; string++) {
        unsigned char byte = (unsigned char)*string;
        text_print(text, byte == '"' || byte == '\\' ? "\\%c" : byte < ' ' ? "\\u%04x" : "%c", byte);
    }
    text_print(text, "\"");
}
