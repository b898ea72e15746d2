/* vmlet-confine: takes from a program what it does not need, then becomes it. README.md says how. */
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
#include <errno.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "probe") == 0)
        return probe();
    char **program = options_read(arguments + (count > 0));
    /* Before it has any of its own. */
    descriptors_close();
    privileges_give_up();
    /* While root has the capability that a hard limit of 0 takes, and /proc is there. */
    limits_apply_to_dumps();
    namespaces_enter();
    root_change();
    limits_apply();
    /* After the mounts, which it refuses. */
    landlock_restrict();
    seccomp_install(landlock_scopes_signals());
    parent_follow();
    if (in_memory_is_asked_for())
        in_memory_execute(program);
    else
        execv(program[0], program);
    fail_as(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, "%s", program[0]);
}
