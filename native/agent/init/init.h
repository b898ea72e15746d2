/* Set-up by PID 1 before anything else can work. */
#pragma once

/* Mounts the kernel's file systems, opens the console, creates the usual links and folders. */
void init_start(void);
/* Gives a running guest the host's system, whose device was plugged in. Its name servers are kept. NULL, or what
 * failed, with errno. The guest cannot be used after a failure. */
const char *init_switch_to_host(void);
