/* Kernel modules, loaded the way modprobe does, from the running kernel's own folder. */
#pragma once

/* Loads a module and what it needs. Built in or loaded already is success. 0 or an errno. */
int module_load(const char *name);
