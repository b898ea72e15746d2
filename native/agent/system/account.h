/* /etc/passwd and /etc/group, read directly: a static program has no name service. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

enum { GROUPS_MAX = 256 };

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    int group_count;
    char name[64];
    char home[256];
    char shell[256];
};

/* Fills `account` for `name`, `uid`, or either with `:group` or `:gid`; NULL means the agent's own user (mostly root).
 * A uid without a passwd line gets group 0, as in container engines. False when the name is unknown. */
bool account_find(const char *user, struct account *account);
