/* What a guest does by itself where its machine stays. */
#pragma once

/* As PID 1: runs the guest's script for that, where the kernel's command line asks for it, and waits for its end. */
void stay_start(void);
