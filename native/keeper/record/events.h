/* The log of events, one JSON object a line, and the events that determine how the machine ends. */
#pragma once
#include "json.h"
#include "text.h"
#include <stdbool.h>

/* For a path of 4 KiB, each byte of it escaped, and numbers. */
enum { EVENT_DATA_MAX = 6 * 4096 + 256 };

/* False, errno set. */
bool events_open(const char *path);
/* Logs an event of QEMU. The byte after it is overwritten by a newline. */
void events_take(struct span name, char *line, size_t length);
/* Logs an event of ours; `data` is a JSON object. */
void events_add(const char *name, const char *data);
/* Prints the last life events, as elements of a JSON array. */
void events_print_life(struct text *text);
