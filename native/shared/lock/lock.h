/* Exclusive locks by flock(2), which end with the process. */
#pragma once
#include <sys/types.h>

enum lock_result { LOCK_HELD, LOCK_BUSY, LOCK_FAILED };
enum { EXIT_BUSY = 75 };

/* Creates the file if it is missing. Stores the locked file's inode; errno is set on LOCK_FAILED. */
enum lock_result lock_take(const char *path, ino_t *inode);
