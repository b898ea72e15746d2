/* Report lines for the launcher on standard output; PROGRAM.md lists them. */
#pragma once

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
