/* Fatal errors of the agent, and messages on the console. */
#pragma once

/* Prints `vmlet-agent: what: reason of errno` on stderr. */
void complain(const char *what);
/* Complains and exits. For PID 1 that is a kernel panic, which the host notices, unlike a hang. */
_Noreturn void fail(const char *what);
