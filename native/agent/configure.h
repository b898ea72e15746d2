/* What a guest is told about itself: name, machine id, modules, network, clock, entropy. */
#pragma once
#include "fields.h"

void configure_start(uint32_t channel, struct field_reader request);
void sync_start(uint32_t channel);
