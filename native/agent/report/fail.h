/* Fatal errors of the agent. */
#pragma once

/* Reports the failure with errno's message, and exits. For PID 1 that is a kernel panic, which the host notices, unlike a
 * hang. */
_Noreturn void fail(const char *what);
