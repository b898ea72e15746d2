#include "power.h"
#include "channel.h"
#include "fail.h"
#include "loop.h"
#include "note.h"
#include "port.h"
#include "role.h"
#include "signals.h"
#include "volumes.h"
#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_MS = 1000, TERMINATE_MS = 2000 };

static enum power_action scheduled;
static int64_t flush_until;

void power_schedule(enum power_action action)
{
    if (scheduled)
        return;
    scheduled = action;
    flush_until = now_ms() + FLUSH_MS;
}

void power_request(uint32_t channel, enum power_action action)
{
    port_send(FRAME_DONE, 0, channel, NULL, 0);
    power_schedule(action);
}

static bool all_gone(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void kill_all_processes(void)
{
    int64_t deadline = now_ms() + TERMINATE_MS;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    kill(-1, SIGTERM);
    kill(-1, SIGHUP);
    kill(-1, SIGCONT);
    for (int64_t left = TERMINATE_MS; !all_gone() && left > 0; left = deadline - now_ms()) {
        struct timespec wait = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        sigtimedwait(&child, NULL, &wait);
    }
    kill(-1, SIGKILL);
}

static void ask_init(enum power_action action)
{
    const char *name = action == POWER_REBOOT ? "reboot" : "poweroff";
    pid_t child = fork();
    if (child < 0)
        note("fork");
    if (child != 0)
        return;
    setsid();
    signals_restore();
    execlp(name, name, (char *)NULL);
    note(name);
    _exit(127);
}

void power_pump(void)
{
    if (!scheduled)
        return;
    if (!port_drained() && now_ms() < flush_until) {
        loop_wake_at(flush_until);
        return;
    }
    enum power_action action = scheduled;
    scheduled = POWER_NONE;
    if (agent_role() != ROLE_INIT) {
        ask_init(action);
        return;
    }
    kill_all_processes();
    /* Removes unfinished files; a frozen volume would keep them. */
    channels_discard();
    volumes_release();
    reboot(action == POWER_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
    fail("reboot");
}
