#include "limits.h"
#include "fail.h"
#include "number.h"
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

static struct limit {
    const char *name;
    int resource;
    bool given;
    rlim_t value;
} limits[] = {
    {.name = "core", .resource = RLIMIT_CORE},
    {.name = "fsize", .resource = RLIMIT_FSIZE},
    {.name = "nofile", .resource = RLIMIT_NOFILE},
    {.name = "nproc", .resource = RLIMIT_NPROC},
};

enum { LIMITS = sizeof limits / sizeof *limits };

void limits_read(const char *text)
{
    const char *equals = strchr(text, '=');
    for (size_t index = 0; equals && index < LIMITS; index++) {
        struct limit *limit = &limits[index];
        size_t length = strlen(limit->name);
        unsigned long long value;
        if (length != (size_t)(equals - text) || strncmp(limit->name, text, length) != 0)
            continue;
        if (!number_read(equals + 1, RLIM_INFINITY - 1, &value))
            fail("--limit %s: a number is needed", text);
        limit->given = true;
        limit->value = value;
        return;
    }
    fail("--limit %s: core=N, fsize=N, nofile=N or nproc=N is needed", text);
}

void limits_apply(void)
{
    for (size_t index = 0; index < LIMITS; index++) {
        const struct limit *limit = &limits[index];
        if (!limit->given)
            continue;
        rlim_t value = limit->value;
        /* With 0 the kernel still starts a handler of dumps where the host has one; 1 is its word for none at all. */
        if (limit->resource == RLIMIT_CORE && value == 0)
            value = 1;
        struct rlimit both = {.rlim_cur = value, .rlim_max = value};
        if (setrlimit(limit->resource, &both) < 0)
            fail_errno("--limit %s=%llu", limit->name, (unsigned long long)limit->value);
        /* A write beyond it is to fail and not to kill. */
        if (limit->resource == RLIMIT_FSIZE)
            signal(SIGXFSZ, SIG_IGN);
    }
}
