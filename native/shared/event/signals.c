#include "signals.h"
#include "loop.h"
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct watch signals = {.fd = -1};

bool signals_watch(const int *heard, size_t count)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < count; index++)
        sigaddset(&set, heard[index]);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_SETMASK, &set, NULL) < 0)
        return false;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 && watch_open(&signals, fd);
}

int signals_next(void)
{
    struct signalfd_siginfo info;
    while (signals.readable) {
        if (read(signals.fd, &info, sizeof info) == sizeof info)
            return (int)info.ssi_signo;
        signals.readable = errno == EINTR;
    }
    return 0;
}

void signals_restore(void)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
