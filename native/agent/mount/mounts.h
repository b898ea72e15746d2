/* Directories of the host over virtiofs, volumes, and file systems in memory. */
#pragma once
#include "fields.h"

/* True for the fields of a mount: its tag, and its path and flags after it. The tag is the name of the virtiofs device,
 * the serial number of the disk, or the options of tmpfs. A disk without a path is only waited for. */
bool mounts_is_field(uint8_t tag);
/* Notes, for later, the volumes of a request, and its directories that change on the host. */
void mounts_note(struct field_reader request);
/* Mounts all directories of a request, and creates their paths. 0, or an errno and the path. */
int mounts_apply(struct field_reader request, const char **subject);
