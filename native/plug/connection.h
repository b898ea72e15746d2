/* QEMU's connection, which the plug hands over unread. */
#pragma once
#include <stdbool.h>

enum { QEMU_CONNECTION = 3 };

enum wait_result { WAIT_READABLE, WAIT_TIMED_OUT, WAIT_QEMU_LEFT };

/* Waits until `fd` can be read, for at most `milliseconds`; -1 is no fd, or no limit. */
enum wait_result wait_for(int fd, int milliseconds);
