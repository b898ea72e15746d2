/* Our children: reaped when they end, and ended when their session does. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Sends to the process group that `pid` leads, or to `pid` alone while it does not lead one yet. */
void child_signal(pid_t pid, int signal);
/* SIGHUP now; SIGKILL for its process group when it has ended or a second has passed. */
void child_condemn(pid_t pid);
/* Reaps all who ended and tells their channels. */
void children_reap(void);
/* SIGKILLs the condemned whose second is over. */
void children_pump(void);
/* SIGKILLs all the condemned at once. */
void children_kill(void);
