/* Small files of text. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Reads up to size - 1 bytes, and ends them with a zero byte. Returns their number; -1, errno set, for none. */
ssize_t text_file_read(const char *path, char *text, size_t size);
/* Replaces the contents; a symbolic link is replaced by a file. 0 or an errno. */
int text_file_write(const char *path, const char *text);
/* Writes a setting of the kernel, which may lack it. */
void text_file_set(const char *path, const char *value);
