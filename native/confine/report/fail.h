/* The only exit other than becoming the program. */
#pragma once

enum { EXIT_REFUSED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

#define FAIL_PREFIX "vmlet-confine: "

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Appends errno's message. */
_Noreturn void fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_as(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
