/* A root of the program's own, which contains only the paths that are bound into it. */
#pragma once

void root_read_bind(const char *path);
void root_read_bind_read_only(const char *path);
/* At another place than its own. */
void root_read_bind_read_only_at(const char *source, const char *path);
void root_read_symlink(const char *target, const char *path);
/* Requires a mount namespace of the program's own; does nothing if nothing was requested. */
void root_change(void);
