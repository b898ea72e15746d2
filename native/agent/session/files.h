/* The transfer of one file, to the guest (push) or from it (pull). */
#pragma once
#include "fields.h"

void push_start(uint32_t channel, struct field_reader request);
void pull_start(uint32_t channel, struct field_reader request);
