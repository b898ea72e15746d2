/* Words of the kernel command line, by which the host tells init how to boot. */
#pragma once
#include <stdbool.h>

/* True when the kernel command line has the word. Requires /proc. */
bool boot_word(const char *word);
