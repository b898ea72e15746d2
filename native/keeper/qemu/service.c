#include "service.h"
#include "events.h"
#include "log.h"
#include "loop.h"
#include "spawn.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    LOG_MAX = 1024 * 1024,
    /* A program that lives shorter is considered broken, and is restarted with a delay. */
    SHORT_LIFE_MS = 1000,
    FIRST_DELAY_MS = 100,
    LAST_DELAY_MS = 5000,
    /* Time to exit after SIGTERM. */
    GRACE_MS = 1000,
    DATA_MAX = 256,
};

pid_t service_spawn(char *const *arguments, const char *log_path, int first, int second)
{
    struct log log;
    if (!log_open(&log, log_path, LOG_MAX, LOG_CONTINUED))
        return -1;
    struct program program = {arguments, log.fd, {first, second, -1}};
    pid_t pid = spawn(&program);
    int reason = errno;
    log_close(&log);
    errno = reason;
    return pid;
}

static void slow_down(struct service *service)
{
    int64_t doubled = service->delay * 2 < LAST_DELAY_MS ? service->delay * 2 : LAST_DELAY_MS;
    service->delay = service->delay ? doubled : FIRST_DELAY_MS;
    service->not_before = now_ms() + service->delay;
}

void service_started(struct service *service, const char *name, pid_t pid, void (*changed)(void))
{
    char data[DATA_MAX];
    service->process = identity_of(pid);
    service->started_at = now_ms();
    service->kill_at = INT64_MAX;
    changed();
    snprintf(data, sizeof data, "{\"helper\":\"%s\",\"pid\":%d}", name, (int)pid);
    events_add("VMLET_HELPER_STARTED", data);
}

void service_failed(struct service *service, const char *name, int reason)
{
    char data[DATA_MAX];
    slow_down(service);
    snprintf(data, sizeof data, "{\"helper\":\"%s\",\"error\":\"%s\"}", name, strerror(reason));
    events_add("VMLET_HELPER_FAILED", data);
}

void service_terminate(struct service *service)
{
    if (!service->process.pid || service->kill_at != INT64_MAX)
        return;
    kill(service->process.pid, SIGTERM);
    service->kill_at = now_ms() + GRACE_MS;
}

void service_act(struct service *service, int64_t now)
{
    if (service->kill_at > now || !service->process.pid)
        return;
    kill(service->process.pid, SIGKILL);
    service->kill_at = now + GRACE_MS;
}

static void report_end(const char *name, int status)
{
    char data[DATA_MAX];
    bool exited = WIFEXITED(status);
    snprintf(data, sizeof data,
             exited ? "{\"helper\":\"%s\",\"exitCode\":%d,\"signal\":null}"
                    : "{\"helper\":\"%s\",\"exitCode\":null,\"signal\":%d}",
             name, exited ? WEXITSTATUS(status) : WTERMSIG(status));
    events_add("VMLET_HELPER_EXITED", data);
}

void service_ended(struct service *service, const char *name, int status, void (*changed)(void))
{
    service->process.pid = 0;
    service->kill_at = INT64_MAX;
    if (now_ms() - service->started_at < SHORT_LIFE_MS)
        slow_down(service);
    else
        service->delay = service->not_before = 0;
    changed();
    report_end(name, status);
}
