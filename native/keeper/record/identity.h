/* A process named by its pid and its start time. */
#pragma once
#include <sys/types.h>

struct identity {
    pid_t pid; /* 0: none */
    unsigned long long start_time;
};

/* Of a living process or of a child that was not waited for. */
struct identity identity_of(pid_t pid);
/* The host's boot, as /proc tells it; 36 characters. */
const char *identity_boot(void);
