/* Whole files. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* After this the file has the new content or, on false (errno set), the old one, even after a power cut. */
bool file_replace(const char *path, const char *content, size_t length);
/*
 * The same for JSON that means nothing after a power cut, when the file may be empty. It does not wait for the disk. On a full
 * disk the content takes the room of the spare, where there is one.
 */
bool file_exchange(const char *path, const char *content, size_t length);
/* A file beside `path` whose room file_exchange takes when the disk is full. False, errno set. */
bool file_keep_spare(const char *path);
void file_drop_spare(const char *path);
/* Writes all of it; false (errno set) when only a part or nothing could be written. `written` tells how much. */
bool write_all(int fd, const char *bytes, size_t length, size_t *written);
/* Removes `directory` and what lies in it, but no directory in it. */
void file_remove_flat_directory(const char *directory);
