#include "user.h"
#include "fail.h"
#include "number.h"
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* (uid_t)-1 changes nothing. */
static const unsigned long long ID_MAX = 0xfffffffe;

static bool asked;
static uid_t user;
static gid_t group;

void user_read(const char *text)
{
    char first[16] = {0};
    const char *colon = strchr(text, ':');
    unsigned long long of_user, of_group;
    size_t length = colon ? (size_t)(colon - text) : sizeof first;
    if (length < sizeof first)
        memcpy(first, text, length);
    if (!number_read(first, ID_MAX, &of_user) || !number_read(colon + 1, ID_MAX, &of_group))
        fail("--user %s: expected UID:GID", text);
    asked = true;
    user = (uid_t)of_user;
    group = (gid_t)of_group;
}

void user_become(void)
{
    if (!asked)
        return;
    if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 || setresuid(user, user, user) < 0)
        fail_errno("--user %u:%u", user, group);
}
