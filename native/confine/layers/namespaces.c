#include "namespaces.h"
#include "capabilities.h"
#include "fail.h"
#include "word_list.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct word words[] = {
    {"mount", CLONE_NEWNS},
    {"net", CLONE_NEWNET},
    {"ipc", CLONE_NEWIPC},
    {"uts", CLONE_NEWUTS},
};

/* Capabilities over files, and the one for giving up others. */
static const struct word capabilities[] = {
    {"chown", 1ull << CAP_CHOWN},   {"fowner", 1ull << CAP_FOWNER},   {"setgid", 1ull << CAP_SETGID},
    {"setuid", 1ull << CAP_SETUID}, {"setpcap", 1ull << CAP_SETPCAP},
};

static int asked;
static unsigned long long kept_too;

void namespaces_read(const char *list)
{
    asked |= (int)word_list_read("--unshare", list, words, sizeof words / sizeof *words);
}

void namespaces_read_kept(const char *list)
{
    kept_too |= word_list_read("--keep", list, capabilities, sizeof capabilities / sizeof *capabilities);
}

bool namespaces_are_asked_for(void)
{
    return asked != 0;
}

bool namespaces_has_mount(void)
{
    return asked & CLONE_NEWNS;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fail_errno("user namespace: %s", path);
    close(fd);
}

static void map_to_itself(const char *path, unsigned id)
{
    char line[64];
    snprintf(line, sizeof line, "%u %u 1", id, id);
    write_file(path, line);
}

void namespaces_enter_user(void)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWUSER) < 0)
        fail_errno("user namespace");
    /* Otherwise an unprivileged process may not map a group. The process keeps its supplementary groups. */
    write_file("/proc/self/setgroups", "deny");
    map_to_itself("/proc/self/uid_map", user);
    map_to_itself("/proc/self/gid_map", group);
}

void namespaces_enter(void)
{
    if (asked == 0)
        return;
    /* Root stays in its user namespace, where file owners keep their identity. */
    if (!capability_in_effect(CAP_SYS_ADMIN))
        namespaces_enter_user();
    unsigned long long kept = 1ull << CAP_DAC_OVERRIDE | kept_too;
    /* slirp listens on the host's ports. */
    if (!(asked & CLONE_NEWNET))
        kept |= 1ull << CAP_NET_BIND_SERVICE;
    capabilities_keep(kept);
    for (size_t index = 0; index < sizeof words / sizeof *words; index++)
        if (asked & (int)words[index].bit && unshare((int)words[index].bit) < 0)
            fail_errno("%s namespace", words[index].name);
}
