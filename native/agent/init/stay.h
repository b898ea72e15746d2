/* Set-up of a guest whose machine is persistent. */
#pragma once

/* As PID 1: runs the guest's script for persistent machines if the kernel command line asks for it, and waits for its
 * end. */
void stay_start(void);
