/* A root of the program's own, which holds what is bound into it and nothing else. */
#pragma once

void root_read_bind(const char *path);
void root_read_bind_read_only(const char *path);
void root_read_symlink(const char *target, const char *path);
/* Needs a mount namespace of the program's own; nothing where nothing was asked for. */
void root_change(void);
