/* File systems of the host. */
#pragma once
#include <stdbool.h>

/* Mounts the device with this tag at a directory.
 * @param may_be_late whether the device was plugged in just now, and may have no driver yet. 0, or an errno. */
int virtiofs_mount(const char *tag, const char *path, unsigned long flags, bool may_be_late);
