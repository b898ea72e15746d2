#include "parent.h"
#include "fail.h"
#include "number.h"
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

static bool given;
static pid_t parent;

void parent_read(const char *text)
{
    unsigned long long number;
    if (!number_read(text, INT_MAX, &number))
        fail("--parent %s: expected a process ID", text);
    given = true;
    parent = number == 0 ? getppid() : (pid_t)number;
}

void parent_follow(void)
{
    if (!given)
        return;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        fail_errno("parent-death signal");
    /* A process that was orphaned before gets no signal. */
    if (getppid() != parent)
        fail("parent process %d has exited", (int)parent);
}
