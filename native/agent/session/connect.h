/* A connection to a TCP port of the guest's own loopback, for the host. */
#pragma once
#include "fields.h"

void connect_start(uint32_t channel, struct field_reader request);
