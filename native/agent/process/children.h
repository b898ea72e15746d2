/* Our children: reaped when they end, and killed when their session ends. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Signals the process group that `pid` leads, or `pid` alone while it is not a leader yet. */
void child_signal(pid_t pid, int signal);
/* Sends SIGHUP now, and SIGKILL to its process group when it has ended or a second has passed. */
void child_condemn(pid_t pid);
/* Reaps all children that have ended and notifies their channels. */
void children_reap(void);
/* Kills the condemned children whose second is over. */
void children_pump(void);
/* Kills all condemned children at once. */
void children_kill(void);
