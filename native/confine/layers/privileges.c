#include "privileges.h"
#include "fail.h"
#include "landlock.h"
#include "namespaces.h"
#include "seccomp.h"
#include <stdbool.h>
#include <sys/prctl.h>

static bool may_gain;

void privileges_may_be_gained(void)
{
    may_gain = true;
}

void privileges_give_up(void)
{
    /* The kernel does not let an unprivileged user confine a program that can gain privileges, because it could be
     * deceived. */
    if (may_gain && (landlock_is_asked_for() || seccomp_is_asked_for() || namespaces_are_asked_for()))
        fail("--may-gain-privileges: cannot be used together with --landlock, --seccomp or --unshare");
    if (!may_gain && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail_errno("no_new_privs");
}
