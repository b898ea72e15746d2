/* The output of the machine's command, with times, in the format of podman's and Kubernetes' log files: a line is
 * `TIME stdout|stderr F|P TEXT`; P is a part of a line, without its newline. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Continues the file. False, errno set. */
bool output_log_open(const char *path);
void output_log_write(bool error, const uint8_t *bytes, size_t length);
