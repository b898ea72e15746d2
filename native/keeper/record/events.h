/* The log of events, one JSON object a line, and those events that tell how the machine ends. */
#pragma once
#include "json.h"
#include "text.h"
#include <stdbool.h>

/* False, errno set. */
bool events_open(const char *path);
/* An event of QEMU's. The byte behind it is overwritten by a newline. */
void events_take(struct span name, char *line, size_t length);
/* One of ours; `data` is a JSON object. */
void events_add(const char *name, const char *data);
/* The last life events, as elements of a JSON array. */
void events_print_life(struct text *text);
