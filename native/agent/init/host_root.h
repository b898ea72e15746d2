/* The host's system as this guest's own. */
#pragma once

/* Makes the virtiofs device `host` the root directory, below a file system in memory that takes all changes. The
 * kernel's modules stay those of the initramfs. A failure ends the boot: its message is for the host. */
void host_root_enter(void);
