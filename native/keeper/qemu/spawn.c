#include "spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_INHERITED = 3, CLEAR_OF_ALL = 16 };

static int reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int place(int fd, int number)
{
    return fd < 0 ? 0 : dup2(fd, number);
}

/* The descriptors may occupy each other's target numbers; higher numbers are free. */
static int move_above(int fd)
{
    return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, CLEAR_OF_ALL);
}

static int arrange_descriptors(const struct program *program)
{
    int inherited[INHERITED_MAX], log = move_above(program->log);
    int nothing = move_above(open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int index = 0; index < INHERITED_MAX; index++)
        inherited[index] = move_above(program->inherited[index]);
    /* Our own descriptors are all close-on-exec. */
    if (place(nothing, STDIN_FILENO) < 0 || place(log, STDOUT_FILENO) < 0 || place(log, STDERR_FILENO) < 0)
        return -1;
    for (int index = 0; index < INHERITED_MAX; index++)
        if (place(inherited[index], FIRST_INHERITED + index) < 0)
            return -1;
    return nothing < 0 || log < 0 ? -1 : 0;
}

static _Noreturn void exec_program(const struct program *program, pid_t parent, int failure)
{
    static char *const no_environment[] = {NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != parent)
        _exit(125); /* Orphaned before that: no signal will arrive. */
    int lifted = move_above(failure);
    if (lifted >= 0 && arrange_descriptors(program) == 0 && reset_signals() == 0)
        execve(program->arguments[0], program->arguments, no_environment);
    int reason = errno;
    if (write(lifted < 0 ? failure : lifted, &reason, sizeof reason) < 0)
        _exit(126);
    _exit(127);
}

pid_t spawn(const struct program *program)
{
    int ends[2], reason;
    pid_t us = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        exec_program(program, us, ends[1]);
    reason = errno;
    close(ends[1]);
    ssize_t count = -1;
    if (pid > 0)
        do
            count = read(ends[0], &reason, sizeof reason);
        while (count < 0 && errno == EINTR);
    close(ends[0]);
    if (pid > 0 && count == 0)
        return pid;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    errno = reason;
    return -1;
}
