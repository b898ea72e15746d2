/* The machine's power button, as reported by ACPI. */
#pragma once

/* Listens from the first call on; schedules the power-off when the button is pressed. For PID 1 only. */
void power_button_pump(void);
