/* The transfer of one file, to the guest (push) or from it (pull). */
#pragma once
#include "fields.h"

/* The subject of a failure: file systems have EINVAL, too, for example for a name. */
#define NOT_REGULAR "type"

void push_start(uint32_t channel, struct field_reader request);
void pull_start(uint32_t channel, struct field_reader request);
