/* Whole files. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Replaces a file. Afterwards it has the new content or, on false (errno set), the old one, even after a power cut. */
bool file_replace(const char *path, const char *content, size_t length);
/* For JSON that is meaningless after a power cut, when the file may be empty. Does not wait for the disk. On a full
 * disk the content uses the space of the spare, if there is one. */
bool file_exchange(const char *path, const char *content, size_t length);
/* Creates a file beside `path` whose space file_exchange uses when the disk is full. False, errno set. */
bool file_keep_spare(const char *path);
void file_drop_spare(const char *path);
/* Writes everything; false (errno set) when only a part or nothing could be written. `written` returns how much. */
bool write_all(int fd, const char *bytes, size_t length, size_t *written);
/* Removes `directory` and the files in it, but no subdirectories. */
void file_remove_flat_directory(const char *directory);
