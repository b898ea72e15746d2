/* The parts of the records of the run and of the end: QEMU, its helpers, the forwards, mounts and the command. */
#pragma once
#include "record.h"

extern const struct record_parts machine_parts;
