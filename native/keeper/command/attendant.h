/* Our own client of the switchboard: it has one command run in the guest, and hands over its output. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct part;

enum attendant_state {
    ATTENDANT_NONE,
    /* The agent has not answered yet. */
    ATTENDANT_ASKS,
    /* The request is being sent, or the command is running. */
    ATTENDANT_RUNS,
    /* `ending` says how it ended. */
    ATTENDANT_ENDED,
};

extern struct attendant {
    enum attendant_state state;
    struct ending {
        /* One of them; -1 for unknown. */
        int status, signal;
        /* The phase and errno of a command that was not started; 0 otherwise. */
        unsigned phase, reason;
        /* The mount without which it was not started; NULL otherwise. */
        const struct part *mount;
    } ending;
    /* The guest has accepted, or refused, to power off. */
    bool powers_off, stays_on;
} attendant;

/* Connects to the switchboard. The request is the body of an exec; it must stay valid. False, errno set. */
bool attendant_start(const uint8_t *request, size_t length);
/* True when something was moved. */
bool attendant_act(void (*output)(bool error, const uint8_t *bytes, size_t length));
/* Asks the agent to power the guest off. False when there is no session with it. */
bool attendant_power_off(void);
