/* Power-off and reboot of the guest. */
#pragma once
#include <stdint.h>

enum power_action { POWER_NONE, POWER_OFF, POWER_REBOOT };

/* Answers the host; power_pump carries it out later. */
void power_request(uint32_t channel, enum power_action action);
/* For requests from inside the guest: a signal or the power button. */
void power_schedule(enum power_action action);
/* Carries out the scheduled action, once all output was sent to the host. As init it does not return then. */
void power_pump(void);
