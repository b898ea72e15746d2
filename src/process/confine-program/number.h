/* Whole numbers in decimal digits. */
#pragma once
#include <stdbool.h>

/* false for anything but digits, and for what does not fit. */
bool number_read(const char *text, unsigned long long *value);
