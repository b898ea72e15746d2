/* QEMU's monitor on descriptor 3: starts the machine, receives its events, tracks its run state. */
#pragma once
#include <stdbool.h>

extern struct monitor {
    bool negotiated;
    /* The state from which a machine cannot recover; NULL for none. */
    const char *fatal_state;
} monitor;

/* Takes over the connection. A paused machine is left paused. */
void monitor_start(int fd, bool paused);
void monitor_prepare(void);
/* True when there may be more input. */
bool monitor_act(void);
/* Reads the remaining input after QEMU has exited. */
void monitor_finish(void);

void monitor_press_power_button(void);
/* Sends a command or, if QEMU does not answer, a signal. */
void monitor_quit(void);
