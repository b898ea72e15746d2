/* By what programs know this installation of a system (machine-id(5)). */
#pragma once

/* Puts it wherever the system has one; a system without is left so. 0 or an errno. */
int machine_id_set(const char *id);
