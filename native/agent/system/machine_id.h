/* The machine ID, which identifies this installation of a system (machine-id(5)). */
#pragma once

/* Sets it in all places of the system that have one; a system without one is not changed. 0 or an errno. */
int machine_id_set(const char *id);
