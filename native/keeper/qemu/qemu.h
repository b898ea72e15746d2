/* QEMU's process. */
#pragma once
#include "identity.h"
#include <stdbool.h>

/* The state of the process; changed only here. */
extern struct qemu {
    /* pid 0 before its start and after its end. */
    struct identity process;
    bool ended;
    /* As returned by waitpid. */
    int status;
    /* The last signal that we sent; 0 for none. */
    int sent_signal;
    /* It has accepted its configuration. */
    bool answers;
} qemu;

/* Our ends of the connections that it inherits. */
struct qemu_connections {
    int monitor, console, agent;
};

/* False, errno set, when the program could not be executed. */
bool qemu_start(char *const *arguments, int log, struct qemu_connections *ours);
void qemu_answers(void);
void qemu_signal(int number);
void qemu_reaped(int status);
