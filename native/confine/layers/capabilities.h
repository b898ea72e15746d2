/* Privileges of root, and of programs with capabilities. */
#pragma once
#include <stdbool.h>

bool capability_in_effect(int number);
/* Drops all capabilities that the exec could give, except those in the mask `kept`. */
void capabilities_keep(unsigned long long kept);
