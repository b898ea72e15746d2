#include "children.h"
#include "channel.h"
#include "loop.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { GRACE_MS = 1000 };

static struct {
    pid_t pid;
    int64_t deadline;
} condemned[CHANNELS_MAX];
static unsigned count;

void child_signal(pid_t pid, int signal)
{
    if (kill(-pid, signal) < 0 && errno == ESRCH)
        kill(pid, signal);
}

void child_condemn(pid_t pid)
{
    if (count == CHANNELS_MAX) {
        child_signal(pid, SIGKILL);
        return;
    }
    child_signal(pid, SIGHUP);
    child_signal(pid, SIGCONT);
    condemned[count].pid = pid;
    condemned[count++].deadline = now_ms() + GRACE_MS;
}

/* Called while the leader is a zombie, so that its ID cannot be reused yet. */
static void end_condemned(pid_t pid)
{
    for (unsigned index = 0; index < count; index++) {
        if (condemned[index].pid != pid)
            continue;
        child_signal(pid, SIGKILL);
        condemned[index] = condemned[--count];
        return;
    }
}

void children_reap(void)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return;
        int status;
        end_condemned(info.si_pid);
        if (waitpid(info.si_pid, &status, 0) == info.si_pid)
            channels_reaped(info.si_pid, status);
    }
}

void children_pump(void)
{
    for (unsigned index = 0; index < count; index++) {
        if (condemned[index].deadline <= now_ms()) {
            child_signal(condemned[index].pid, SIGKILL);
            condemned[index].deadline = INT64_MAX;
        }
        loop_wake_at(condemned[index].deadline);
    }
}

void children_kill(void)
{
    for (unsigned index = 0; index < count; index++)
        child_signal(condemned[index].pid, SIGKILL);
}
