/* A process identified by its pid and its start time. */
#pragma once
#include "text.h"
#include <sys/types.h>

struct identity {
    pid_t pid; /* 0 for none */
    unsigned long long start_time;
};

/* Returns the identity of a living process, or of a child that was not waited for. */
struct identity identity_of(pid_t pid);
/* Returns the host's boot ID from /proc; 36 characters. */
const char *identity_boot(void);
/* Prints it as a JSON object; null for none. */
void identity_print(struct text *text, const struct identity *identity);
