/* The mounts that the guest could not make. */
#pragma once
#include "mount_request.h"
#include "text.h"

/* NULL for none. */
const struct part *failed_mounts_first(void);
/* Prints one as a JSON object, or all of them as an array. */
void failed_mount_print(struct text *text, const struct part *part);
void failed_mounts_print(struct text *text);
