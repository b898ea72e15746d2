#include "descriptors.h"
#include "fail.h"
#include "number.h"
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool given;
static unsigned kept;

void descriptors_read(const char *count)
{
    unsigned long long number;
    if (!number_read(count, INT_MAX, &number))
        fail("--descriptors %s: expected a number", count);
    given = true;
    kept = (unsigned)number;
}

void descriptors_close(void)
{
    if (!given || syscall(SYS_close_range, kept, ~0u, 0) == 0)
        return;
    if (errno != ENOSYS)
        fail_errno("--descriptors %u", kept);
    /* Before Linux 5.9. */
    for (long fd = kept, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
        close((int)fd);
}
