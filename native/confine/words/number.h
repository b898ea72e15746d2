/* Whole numbers in decimal digits. */
#pragma once
#include <stdbool.h>

/* false for anything but digits, and for what is more than `most`. */
bool number_read(const char *text, unsigned long long most, unsigned long long *value);
