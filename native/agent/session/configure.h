/* Configuration of the guest: name, machine ID, modules, network, clock, entropy. */
#pragma once
#include "fields.h"

void configure_start(uint32_t channel, struct field_reader request);
void sync_start(uint32_t channel);
/* Ends the guest's use of its volumes. */
void release_start(uint32_t channel);
