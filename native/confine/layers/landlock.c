#include "landlock.h"
#include "fail.h"
#include "real_path.h"
#include "word_list.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/landlock.h; the distribution's copy may be older than the kernel. */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL_DEV = 5, ABI_SCOPE = 6 };
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

struct path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

enum right {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
};

/* The kernel rejects a rule that gives a file a right that only a directory can have. */
enum { FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV };

static const struct word rights_by_name[] = {
    {"execute", EXECUTE},         {"write-file", WRITE_FILE}, {"read-file", READ_FILE}, {"read-dir", READ_DIR},
    {"remove-dir", REMOVE_DIR},   {"remove-file", REMOVE_FILE}, {"make-char", MAKE_CHAR}, {"make-dir", MAKE_DIR},
    {"make-reg", MAKE_REG},       {"make-sock", MAKE_SOCK},   {"make-fifo", MAKE_FIFO}, {"make-block", MAKE_BLOCK},
    {"make-sym", MAKE_SYM},       {"refer", REFER},           {"truncate", TRUNCATE},   {"ioctl-dev", IOCTL_DEV},
};

static struct rule {
    const char *path;
    uint64_t rights;
} *rules;
static size_t rule_count;
static bool scope, deny_tcp;

void landlock_read_rule(const char *rights, const char *path)
{
    if (path[0] != '/')
        fail("--landlock %s: path must be absolute", path);
    rules = reallocarray(rules, rule_count + 1, sizeof *rules);
    if (!rules)
        fail_errno("--landlock");
    size_t count = sizeof rights_by_name / sizeof *rights_by_name;
    rules[rule_count++] = (struct rule){path, word_list_read("--landlock", rights, rights_by_name, count)};
}

void landlock_ask_for_scope(void)
{
    scope = true;
}

void landlock_ask_to_deny_tcp(void)
{
    deny_tcp = true;
}

bool landlock_is_asked_for(void)
{
    return rule_count > 0 || scope || deny_tcp;
}

bool landlock_scopes_signals(void)
{
    return scope;
}

int landlock_abi(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

static uint64_t known_rights(int abi)
{
    uint64_t rights = REFER - 1;
    if (abi >= ABI_REFER)
        rights |= REFER;
    if (abi >= ABI_TRUNCATE)
        rights |= TRUNCATE;
    if (abi >= ABI_IOCTL_DEV)
        rights |= IOCTL_DEV;
    return rights;
}

static void add_rule(int ruleset, const struct rule *rule, uint64_t known)
{
    struct stat file;
    int fd = real_path_open(rule->path);
    if (fd < 0 || fstat(fd, &file) < 0)
        fail_errno("--landlock %s", rule->path);
    uint64_t possible = rule->rights & known & (S_ISDIR(file.st_mode) ? ~0ull : FILE_RIGHTS);
    struct path_beneath beneath = {.allowed_access = possible, .parent_fd = fd};
    /* The kernel rejects a rule without rights, which is the same as no rule. */
    if (possible != 0 && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &beneath, 0) < 0)
        fail_errno("--landlock %s", rule->path);
    close(fd);
}

void landlock_restrict(void)
{
    if (!landlock_is_asked_for())
        return;
    int abi = landlock_abi();
    if (abi == 0)
        fail("%s", errno == EOPNOTSUPP ? "Landlock is not enabled in this kernel" : "this kernel does not support Landlock");
    if (deny_tcp && abi < ABI_NET)
        fail("--landlock-deny-tcp: not supported by this kernel's Landlock (version %d)", abi);
    if (scope && abi < ABI_SCOPE)
        fail("--landlock-scope: not supported by this kernel's Landlock (version %d)", abi);
    struct ruleset asked = {
        .handled_access_fs = rule_count > 0 ? known_rights(abi) : 0,
        .handled_access_net = deny_tcp ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
        .scoped = scope ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
    };
    /* The kernel accepts a structure longer than its own if the rest is zero. */
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &asked, sizeof asked, 0);
    if (ruleset < 0)
        fail_errno("Landlock");
    for (size_t index = 0; index < rule_count; index++)
        add_rule(ruleset, &rules[index], asked.handled_access_fs);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        fail_errno("Landlock");
    close(ruleset);
}
