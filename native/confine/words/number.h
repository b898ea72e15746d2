/* Whole numbers in decimal digits. */
#pragma once
#include <stdbool.h>

/* False for anything but digits, and for numbers greater than `most`. */
bool number_read(const char *text, unsigned long long most, unsigned long long *value);
