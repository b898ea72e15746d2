/* What PID 1 does before anything else can work. */
#pragma once

/* Mounts the kernel's file systems, opens the console, makes the usual links and folders. */
void init_start(void);
