#include "probe.h"
#include "capabilities.h"
#include "fail.h"
#include "landlock.h"
#include "namespaces.h"
#include "privileges.h"
#include "root.h"
#include "seccomp.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* The failure reason; empty on success. */
struct finding {
    char reason[512];
};

static void try_landlock(void)
{
    int before = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (before < 0)
        fail_errno("/dev/null");
    landlock_read_rule("execute,read-file,read-dir", "/");
    landlock_restrict();
    if (open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        fail("the kernel accepted a Landlock ruleset but did not enforce it");
}

static void try_seccomp(void)
{
    seccomp_read("base,sockets,connect");
    seccomp_install(false);
    if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || errno != EPERM)
        fail("the kernel accepted a seccomp filter but did not enforce it");
}

static void try_user(void)
{
    namespaces_enter_user();
    /* AppArmor permits the creation of a user namespace in which nothing is then permitted. */
    capabilities_keep(0);
}

static void try_mount(void)
{
    struct statvfs mount;
    namespaces_read("mount");
    root_read_bind_read_only("/dev/null");
    namespaces_enter();
    root_change(namespaces_has_mount());
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 || statvfs("/dev/null", &mount) < 0)
        fail_errno("/dev/null in a new root");
    if (!(mount.f_flag & ST_RDONLY) || access("/dev/zero", F_OK) == 0)
        fail("the kernel accepted a new root but did not enforce it");
}

static void try_net(void)
{
    namespaces_read("net");
    namespaces_enter();
}

static void try_ipc(void)
{
    namespaces_read("ipc");
    namespaces_enter();
}

static void try_uts(void)
{
    namespaces_read("uts");
    namespaces_enter();
}

static _Noreturn void try_in_child(void (*attempt)(void), int words)
{
    if (dup2(words, STDERR_FILENO) < 0)
        _exit(EXIT_REFUSED);
    privileges_give_up();
    attempt();
    _exit(0);
}

static size_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t count = 1;
    while (length < size && (count > 0 || (count < 0 && errno == EINTR))) {
        count = read(fd, text + length, size - length);
        length += count > 0 ? (size_t)count : 0;
    }
    return length;
}

/* Runs an attempt in a process of its own, which writes the failure reason to standard error. */
static struct finding try(void (*attempt)(void))
{
    struct finding finding = {0};
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) < 0)
        fail_errno("probe");
    pid_t pid = fork();
    if (pid < 0)
        fail_errno("probe");
    if (pid == 0)
        try_in_child(attempt, ends[1]);
    close(ends[1]);
    size_t length = read_all(ends[0], finding.reason, sizeof finding.reason - 1);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail_errno("probe");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        finding.reason[0] = '\0';
        return finding;
    }
    size_t prefix = strlen(FAIL_PREFIX);
    finding.reason[strcspn(finding.reason, "\n")] = '\0';
    if (length > prefix && strncmp(finding.reason, FAIL_PREFIX, prefix) == 0)
        memmove(finding.reason, finding.reason + prefix, strlen(finding.reason + prefix) + 1);
    if (finding.reason[0] == '\0')
        snprintf(finding.reason, sizeof finding.reason, "the test process ended with wait status %d", status);
    return finding;
}

static void print_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

int probe(void)
{
    static const struct {
        const char *name;
        void (*attempt)(void);
    } layers[] = {
        {"seccomp", try_seccomp}, {"user", try_user}, {"mount", try_mount},
        {"net", try_net},         {"ipc", try_ipc},   {"uts", try_uts},
    };
    struct finding landlock = try(try_landlock);
    printf("{\"landlock\":{\"abi\":%d", landlock.reason[0] ? 0 : landlock_abi());
    if (landlock.reason[0]) {
        printf(",\"reason\":");
        print_text(landlock.reason);
    }
    printf("}");
    for (size_t index = 0; index < sizeof layers / sizeof *layers; index++) {
        printf(",\"%s\":", layers[index].name);
        /* Otherwise the child would write the buffered output too. */
        fflush(stdout);
        struct finding finding = try(layers[index].attempt);
        if (finding.reason[0])
            print_text(finding.reason);
        else
            printf("true");
    }
    printf("}\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        fail_errno("standard output");
    return 0;
}
