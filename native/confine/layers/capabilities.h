/* What root may do, and not everybody. */
#pragma once
#include <stdbool.h>

bool capability_in_effect(int number);
/* Of all that the exec could give, only those in the mask `kept` are left. */
void capabilities_keep(unsigned long long kept);
