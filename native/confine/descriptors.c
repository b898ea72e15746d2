#include "descriptors.h"
#include "fail.h"
#include "number.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool given, to_block;
static unsigned kept;

void descriptors_read(const char *count)
{
    unsigned long long number;
    if (!number_read(count, INT_MAX, &number))
        fail("--descriptors %s: expected a number", count);
    given = true;
    kept = (unsigned)number;
}

void descriptors_ask_to_block(void)
{
    to_block = true;
}

static void close_others(void)
{
    if (syscall(SYS_close_range, kept, ~0u, 0) == 0)
        return;
    if (errno != ENOSYS)
        fail_errno("--descriptors %u", kept);
    /* Before Linux 5.9. */
    for (long fd = kept, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
        close((int)fd);
}

static void make_blocking(void)
{
    for (unsigned fd = STDERR_FILENO + 1; fd < kept; fd++) {
        int flags = fcntl((int)fd, F_GETFL);
        if (flags < 0)
            return;
        if ((flags & O_NONBLOCK) && fcntl((int)fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
            fail_errno("descriptor %u", fd);
    }
}

void descriptors_apply(void)
{
    if (!given)
        return;
    close_others();
    if (to_block)
        make_blocking();
}
