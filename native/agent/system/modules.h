/* Kernel modules, loaded like modprobe does, from the running kernel's own folder. */
#pragma once

/* Loads a module and its dependencies. Built in or already loaded is success. 0 or an errno. */
int module_load(const char *name);
