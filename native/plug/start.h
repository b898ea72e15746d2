/* Starts the switch. */
#pragma once

enum start_result { START_READY, START_BUSY, START_FAILED, START_ABANDONED };

/* Starts the program as a grandchild, so that it outlives us, and waits for its word. Abandoned when QEMU's connection
 * ends. On failure, `reason` is set; the program's own is in its log. */
enum start_result start_switch(const char *directory, char **program, const char **reason);
