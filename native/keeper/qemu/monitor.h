/* QEMU's monitor on descriptor 3: sets the machine going, hears its events, follows its run state. */
#pragma once
#include <stdbool.h>

extern struct monitor {
    bool negotiated;
    /* The state from which no machine returns; NULL: none. */
    const char *fatal_state;
} monitor;

/* Takes over the connection. A paused machine is left as it is. */
void monitor_start(int fd, bool paused);
void monitor_prepare(void);
/* True when there may be more to hear. */
bool monitor_act(void);
/* Hears what is left after QEMU is gone. */
void monitor_finish(void);

void monitor_press_power_button(void);
/* By a command or, where QEMU does not answer, by a signal. */
void monitor_quit(void);
