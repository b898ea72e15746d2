/* Errors that the agent cannot live with, and words for the console. */
#pragma once

/* Prints `vmlet-agent: what: reason of errno` on stderr. */
void complain(const char *what);
/* Complains and exits. As PID 1 that is a kernel panic, which the host sees; a silent sleep it would not. */
_Noreturn void fail(const char *what);
