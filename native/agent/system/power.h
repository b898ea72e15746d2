/* The end of the guest. */
#pragma once
#include <stdint.h>

enum power_action { POWER_NONE, POWER_OFF, POWER_REBOOT };

/* Answers the host; the deed follows with power_pump. */
void power_request(uint32_t channel, enum power_action action);
/* Asked for from inside the guest: a signal or the power button. */
void power_schedule(enum power_action action);
/* Does what is scheduled, once the host has been sent all it should know. As init it does not return then. */
void power_pump(void);
