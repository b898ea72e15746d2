#include "options.h"
#include "descriptors.h"
#include "fail.h"
#include "in_memory.h"
#include "landlock.h"
#include "resource_limits.h"
#include "namespaces.h"
#include "parent.h"
#include "privileges.h"
#include "root.h"
#include "seccomp.h"
#include "user.h"
#include <stddef.h>
#include <string.h>

static const struct option {
    const char *name;
    void (*alone)(void);
    void (*one)(const char *);
    void (*two)(const char *, const char *);
} all[] = {
    {.name = "--parent", .one = parent_read},
    {.name = "--may-gain-privileges", .alone = privileges_may_be_gained},
    {.name = "--descriptors", .one = descriptors_read},
    {.name = "--blocking-descriptors", .alone = descriptors_ask_to_block},
    {.name = "--in-memory", .alone = in_memory_ask_for},
    {.name = "--limit", .one = limits_read},
    {.name = "--user", .one = user_read},
    {.name = "--unshare", .one = namespaces_read},
    {.name = "--keep", .one = namespaces_read_kept},
    {.name = "--bind", .one = root_read_bind},
    {.name = "--bind-read-only", .one = root_read_bind_read_only},
    {.name = "--bind-read-only-at", .two = root_read_bind_read_only_at},
    {.name = "--symlink", .two = root_read_symlink},
    {.name = "--landlock", .two = landlock_read_rule},
    {.name = "--landlock-scope", .alone = landlock_ask_for_scope},
    {.name = "--landlock-deny-tcp", .alone = landlock_ask_to_deny_tcp},
    {.name = "--seccomp", .one = seccomp_read},
};

/* Returns the number of words that the option takes. */
static int read_option(const char *name, char **values)
{
    for (size_t index = 0; index < sizeof all / sizeof *all; index++) {
        const struct option *option = &all[index];
        if (strcmp(option->name, name) != 0)
            continue;
        int count = option->two ? 2 : option->one ? 1 : 0;
        if ((count > 0 && !values[0]) || (count > 1 && !values[1]))
            fail("%s: %s required", name, count == 1 ? "a value is" : "two values are");
        if (option->two)
            option->two(values[0], values[1]);
        else if (option->one)
            option->one(values[0]);
        else
            option->alone();
        return count;
    }
    fail("%s: no such option", name);
}

char **options_read(char **arguments)
{
    while (*arguments && strcmp(*arguments, "--") != 0)
        arguments += 1 + read_option(arguments[0], arguments + 1);
    if (!*arguments || !arguments[1])
        fail("missing -- PROGRAM");
    if (arguments[1][0] != '/')
        fail("%s: path of the program must be absolute", arguments[1]);
    return arguments + 1;
}
