#include "qemu.h"
#include "spawn.h"
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct qemu qemu;

static void close_both(const int *ends)
{
    close(ends[0]);
    close(ends[1]);
}

bool qemu_start(char *const *arguments, int log, int *monitor, int *console)
{
    int monitors[2], consoles[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitors) < 0)
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, consoles) < 0) {
        close_both(monitors);
        return false;
    }
    struct program program = {arguments, log, {monitors[1], consoles[1]}};
    pid_t pid = spawn(&program);
    if (pid < 0) {
        int reason = errno;
        close_both(monitors);
        close_both(consoles);
        errno = reason;
        return false;
    }
    close(monitors[1]);
    close(consoles[1]);
    *monitor = monitors[0];
    *console = consoles[0];
    qemu.process = identity_of(pid);
    return true;
}

void qemu_signal(int number)
{
    if (qemu.process.pid && kill(qemu.process.pid, number) == 0)
        qemu.sent_signal = number;
}

void qemu_reaped(int status)
{
    qemu.process.pid = 0;
    qemu.ended = true;
    qemu.status = status;
}
