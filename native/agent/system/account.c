#include "account.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

/* Splits at colons, in place; missing fields are empty. */
static void split(char *line, char *fields[], int count)
{
    line[strcspn(line, "\n")] = 0;
    for (int index = 0; index < count; index++) {
        fields[index] = line;
        line += strcspn(line, ":");
        if (*line)
            *line++ = 0;
    }
}

static bool parse_id(const char *text, unsigned *id)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    *id = (unsigned)number;
    /* The highest ID means `do not change` to the kernel. */
    return *end == 0 && number < 0xffffffffUL;
}

static void copy(char *target, size_t size, const char *text)
{
    snprintf(target, size, "%s", text);
}

static bool find_passwd(const char *name, bool by_id, unsigned id, struct account *account)
{
    char line[LINE_MAX_BYTES], *fields[7];
    bool found = false;
    FILE *file = fopen("/etc/passwd", "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        unsigned uid, gid;
        split(line, fields, 7);
        if (!parse_id(fields[2], &uid) || !parse_id(fields[3], &gid))
            continue;
        if (by_id ? uid != id : strcmp(fields[0], name) != 0)
            continue;
        account->uid = uid;
        account->gid = gid;
        copy(account->name, sizeof account->name, fields[0]);
        copy(account->home, sizeof account->home, fields[5]);
        copy(account->shell, sizeof account->shell, *fields[6] ? fields[6] : "/bin/sh");
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

static bool is_member(char *members, const char *name)
{
    for (char *member = strtok(members, ","); member; member = strtok(NULL, ","))
        if (strcmp(member, name) == 0)
            return true;
    return false;
}

/* Looks up the group `wanted` (NULL: none), and collects the groups that list the account's name. */
static bool read_groups(const char *wanted, struct account *account)
{
    char line[LINE_MAX_BYTES], *fields[4];
    bool found = false;
    FILE *file = fopen("/etc/group", "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned gid;
        split(line, fields, 4);
        if (!parse_id(fields[2], &gid))
            continue;
        if (wanted && strcmp(fields[0], wanted) == 0) {
            account->gid = gid;
            found = true;
        }
        if (account->group_count < GROUPS_MAX && is_member(fields[3], account->name))
            account->groups[account->group_count++] = gid;
    }
    if (file)
        fclose(file);
    return found;
}

bool account_find(const char *user, struct account *account)
{
    char name[256];
    unsigned id = 0;
    *account = (struct account){.home = "/", .shell = "/bin/sh"};
    char self[16];
    snprintf(self, sizeof self, "%u", (unsigned)geteuid());
    if (!user)
        user = self;
    if (strlen(user) >= sizeof name)
        return false;
    copy(name, sizeof name, user);
    char *group = strchr(name, ':');
    if (group)
        *group++ = 0;
    bool by_id = parse_id(name, &id);
    if (!find_passwd(name, by_id, id, account)) {
        if (!by_id)
            return false;
        account->uid = id;
        copy(account->name, sizeof account->name, id == 0 ? "root" : name);
        copy(account->home, sizeof account->home, id == 0 ? "/root" : "/");
    }
    unsigned gid;
    bool group_by_id = group && parse_id(group, &gid);
    bool group_found = read_groups(group_by_id ? NULL : group, account);
    if (group_by_id)
        account->gid = gid;
    return !group || group_by_id || group_found;
}
