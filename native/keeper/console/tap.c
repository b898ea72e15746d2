#include "tap.h"
#include "note.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELPERS_END = 3, FIRST_NUMBER = 3, LAST_NUMBER = 255 };

/* The helper must not inherit QEMU's connections. */
static _Noreturn void exec_helper(const char *helper, const char *bridge, int end)
{
    char bridge_option[64], descriptor_option[16];
    if (end != HELPERS_END && dup2(end, HELPERS_END) < 0)
        _exit(126);
    /* Not supported before Linux 5.9; the helper then inherits more than it needs. */
    if (fcntl(HELPERS_END, F_SETFD, 0) < 0 ||
        (syscall(SYS_close_range, HELPERS_END + 1, ~0u, 0) < 0 && errno != ENOSYS))
        _exit(126);
    snprintf(bridge_option, sizeof bridge_option, "--br=%s", bridge);
    snprintf(descriptor_option, sizeof descriptor_option, "--fd=%d", HELPERS_END);
    execl(helper, helper, "--use-vnet", bridge_option, descriptor_option, (char *)NULL);
    note(helper);
    _exit(127);
}

/* -1 with errno 0 when the other side closes without sending one. */
static int receive_descriptor(int socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    errno = 0;
    if (count == 0 || header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static int succeeded(pid_t pid)
{
    int status;
    pid_t waited;
    do
        waited = waitpid(pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    return waited == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int open_tap(const char *helper, const char *bridge)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        note("socketpair");
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        exec_helper(helper, bridge, ends[1]);
    int reason = errno;
    close(ends[1]);
    int fd = -1;
    if (pid > 0) {
        fd = receive_descriptor(ends[0]);
        reason = errno;
        if (!succeeded(pid) && fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    close(ends[0]);
    if (fd < 0)
        note_text(helper, reason == 0 ? "it sent no tap device" : strerror(reason));
    return fd;
}

static int parse_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *text == '\0' || *end != '\0' || number < FIRST_NUMBER || number > LAST_NUMBER ? -1 : (int)number;
}

int tap(char **arguments)
{
    for (int index = 0; index < 5; index++)
        if (arguments[index] == NULL)
            return -1;
    char **program = arguments + 4;
    int number = parse_number(arguments[2]);
    if (number < 0 || strcmp(arguments[3], "--") != 0)
        return -1;
    int fd = open_tap(arguments[0], arguments[1]);
    if (fd < 0)
        return 1;
    /* The duplicate is not close-on-exec. */
    if (fd == number ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, number) < 0) {
        note("dup2");
        return 1;
    }
    execv(program[0], program);
    note(program[0]);
    return 127;
}
