#include "qemu.h"
#include "spawn.h"
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct qemu qemu;

static void close_all(const int *descriptors)
{
    int reason = errno;
    for (int index = 0; index < INHERITED_MAX; index++)
        if (descriptors[index] >= 0)
            close(descriptors[index]);
    errno = reason;
}

static bool make_pairs(int *ours, int *theirs)
{
    for (int index = 0; index < INHERITED_MAX; index++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            return false;
        ours[index] = ends[0];
        theirs[index] = ends[1];
    }
    return true;
}

bool qemu_start(char *const *arguments, int log, struct qemu_connections *connections)
{
    int ours[INHERITED_MAX] = {-1, -1, -1};
    struct program program = {arguments, log, {-1, -1, -1}};
    pid_t pid = make_pairs(ours, program.inherited) ? spawn(&program) : -1;
    close_all(program.inherited);
    if (pid < 0) {
        close_all(ours);
        return false;
    }
    *connections = (struct qemu_connections){.monitor = ours[0], .console = ours[1], .agent = ours[2]};
    qemu.process = identity_of(pid);
    return true;
}

void qemu_answers(void) { qemu.answers = true; }

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
