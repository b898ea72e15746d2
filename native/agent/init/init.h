/* Set-up by PID 1 before anything else can work. */
#pragma once

/* Mounts the kernel's file systems, opens the console, creates the usual links and folders. */
void init_start(void);
