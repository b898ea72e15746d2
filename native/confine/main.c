/* vmlet-confine: drops the privileges that a program does not need, then becomes it. See PROGRAM.md. */
#include "descriptors.h"
#include "fail.h"
#include "in_memory.h"
#include "landlock.h"
#include "resource_limits.h"
#include "namespaces.h"
#include "options.h"
#include "parent.h"
#include "privileges.h"
#include "probe.h"
#include "root.h"
#include "seccomp.h"
#include "user.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "probe") == 0)
        return probe();
    char **program = options_read(arguments + (count > 0));
    /* Before it opens any of its own. */
    descriptors_apply();
    privileges_give_up();
    /* While root still has the capability for raising a hard limit of 0, and /proc is visible. */
    limits_apply_to_dumps();
    namespaces_enter();
    root_change(namespaces_has_mount());
    limits_apply();
    user_become();
    /* After the mounts, which it would deny. */
    landlock_restrict();
    seccomp_install(landlock_scopes_signals());
    parent_follow();
    if (in_memory_is_asked_for())
        in_memory_execute(program);
    else
        execv(program[0], program);
    fail_as(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, "%s", program[0]);
}
