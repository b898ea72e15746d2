/* A root of the program's own, which contains only the paths that are bound into it. */
#pragma once
#include <stdbool.h>

void root_read_bind(const char *path);
void root_read_bind_read_only(const char *path);
/* At another place than its own. */
void root_read_bind_read_only_at(const char *source, const char *path);
void root_read_symlink(const char *target, const char *path);
/* Does nothing if nothing was requested. Fails without a mount namespace of the program's own. */
void root_change(bool owns_mounts);
