/* The host's system as this guest's own. */
#pragma once
#include <stdbool.h>

/* Makes the virtiofs device `host` the root directory, below a file system in memory that takes all changes. The
 * kernel's modules stay those of the initramfs.
 * @param is_plugged whether the device was plugged in just now, and may have no driver yet.
 * NULL, or what failed, with errno. The guest cannot be used after a failure. */
const char *host_root_enter(bool is_plugged);
