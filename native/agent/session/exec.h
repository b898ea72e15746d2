/* Commands: their streams, signals, window size and end. */
#pragma once
#include "fields.h"

void exec_start(uint32_t channel, struct field_reader request);
