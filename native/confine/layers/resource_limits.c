#include "resource_limits.h"
#include "fail.h"
#include "number.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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
            fail("--limit %s: expected a number", text);
        limit->given = true;
        limit->value = value;
        return;
    }
    fail("--limit %s: expected core=N, fsize=N, nofile=N or nproc=N", text);
}

static bool set(const struct limit *limit, rlim_t value)
{
    struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(limit->resource, &both) == 0;
}

/* Never exceeds the existing hard limit, which was set on purpose and which few may raise. */
static void lower(const struct limit *limit)
{
    struct rlimit present;
    if (getrlimit(limit->resource, &present) < 0)
        fail_errno("--limit %s=%llu", limit->name, (unsigned long long)limit->value);
    if (!set(limit, limit->value < present.rlim_max ? limit->value : present.rlim_max))
        fail_errno("--limit %s=%llu", limit->name, (unsigned long long)limit->value);
}

/* If a handler is started anyway, it gets registers but no memory. The setting survives the exec, unlike
 * PR_SET_DUMPABLE. */
static void leave_memory_out_of_dumps(void)
{
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    /* A kernel without this file writes no core dumps at all. */
    if (fd < 0 && errno == ENOENT && access("/proc/self/limits", F_OK) == 0)
        return;
    if (fd < 0 || write(fd, "0", 1) != 1)
        fail_errno("--limit core=0: /proc/self/coredump_filter");
    close(fd);
}

void limits_apply_to_dumps(void)
{
    for (size_t index = 0; index < LIMITS; index++) {
        const struct limit *limit = &limits[index];
        if (limit->resource != RLIMIT_CORE || !limit->given)
            continue;
        if (limit->value > 0) {
            lower(limit);
            continue;
        }
        /* With 0 the kernel still starts a core dump handler if the host has one; 1 disables dumps entirely. */
        if (set(limit, 1))
            continue;
        /* The hard limit is 0, and this process may not raise it. */
        if (!set(limit, 0))
            fail_errno("--limit core=0");
        leave_memory_out_of_dumps();
    }
}

void limits_apply(void)
{
    for (size_t index = 0; index < LIMITS; index++) {
        const struct limit *limit = &limits[index];
        if (!limit->given || limit->resource == RLIMIT_CORE)
            continue;
        lower(limit);
        /* A write beyond the limit should fail and not kill the program. */
        if (limit->resource == RLIMIT_FSIZE)
            signal(SIGXFSZ, SIG_IGN);
    }
}
