#include "helper.h"
#include "dial.h"
#include "helper_arguments.h"
#include "loop.h"
#include "note.h"
#include "qemu.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Delay between attempts to connect to a QEMU that is not listening yet. */
enum { REDIAL_MS = 20 };

struct helper helpers[HELPERS_MAX];
unsigned helper_count;
struct helper_loss helper_loss;

static int64_t tell_all_at = INT64_MAX;
static bool qemu_is_gone;
static void (*processes_changed)(void);

bool helpers_listen(void (*changed)(void), const char **path)
{
    processes_changed = changed;
    for (unsigned index = 0; index < helper_count; index++) {
        struct helper *helper = &helpers[index];
        helper->connection = helper->offered = -1;
        helper->service.kill_at = INT64_MAX;
        helper->listener = (struct listener){.watch = {.fd = -1}};
        if (helper->kind == HELPER_DIALS)
            continue;
        *path = helper->socket;
        if (!listener_open(&helper->listener, helper->socket))
            return false;
    }
    return true;
}

static void forget(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void forget_connection(struct helper *helper) { forget(&helper->connection); }

/* For a device that is plugged in later. QEMU connects when it is asked to, so nothing has to be delayed. */
static void listen_again(struct helper *helper)
{
    forget(&helper->offered);
    helper->service.delay = helper->service.not_before = 0;
    if (qemu.ended || qemu_is_gone || helper_loss.name)
        return;
    if (!listener_open(&helper->listener, helper->socket))
        note(helper->socket);
}

static pid_t start_program(struct helper *helper)
{
    char **arguments = helper_arguments_read(helper->arguments_file);
    if (!arguments)
        return -1;
    pid_t pid = service_spawn(arguments, helper->log_path, helper->connection, -1);
    int reason = errno;
    helper_arguments_free(arguments);
    errno = reason;
    return pid;
}

static void start(struct helper *helper)
{
    pid_t pid = start_program(helper);
    int reason = errno;
    forget_connection(helper);
    if (pid >= 0) {
        service_started(&helper->service, helper->name, pid, processes_changed);
        return;
    }
    /* QEMU notices the end of its connection and reconnects. */
    service_failed(&helper->service, helper->name, reason);
    if (helper->kind == HELPER_LISTENS)
        listen_again(helper);
}

static void accept_connection(struct helper *helper)
{
    for (int fd; (fd = listener_accept(&helper->listener)) >= 0;) {
        /* QEMU has one connection at a time: the previous one is closed, and the program on it is no longer needed. */
        forget_connection(helper);
        helper->connection = fd;
        service_terminate(&helper->service);
    }
}

/* QEMU is connecting: it waits in the socket's queue, and the program accepts it. The program expects a blocking socket. */
static void hand_over_listener(struct helper *helper)
{
    if (helper->listener.watch.fd < 0 || !helper->listener.watch.readable)
        return;
    helper->connection = fcntl(helper->listener.watch.fd, F_DUPFD_CLOEXEC, 3);
    if (helper->connection >= 0)
        fcntl(helper->connection, F_SETFL, fcntl(helper->connection, F_GETFL) & ~O_NONBLOCK);
    helper->offered = helper->connection < 0 ? -1 : fcntl(helper->connection, F_DUPFD_CLOEXEC, 3);
    listener_close(&helper->listener);
}

static bool waits_for_qemu(const struct helper *helper)
{
    return helper->kind == HELPER_DIALS && helper->connection < 0 && !helper->service.process.pid && !qemu_is_gone;
}

static void reach_qemu(struct helper *helper, int64_t now)
{
    if (!waits_for_qemu(helper) || helper->service.not_before > now)
        return;
    helper->connection = dial(helper->socket);
    if (helper->connection < 0)
        helper->service.not_before = now + REDIAL_MS;
}

void helpers_prepare(void)
{
    for (unsigned index = 0; index < helper_count; index++) {
        struct helper *helper = &helpers[index];
        listener_prepare(&helper->listener);
        loop_wake_at(helper->service.kill_at);
        if ((helper->connection >= 0 && !helper->service.process.pid) || waits_for_qemu(helper))
            loop_wake_at(helper->service.not_before);
    }
    loop_wake_at(tell_all_at);
}

void helpers_act(void)
{
    int64_t now = now_ms();
    for (unsigned index = 0; index < helper_count; index++) {
        struct helper *helper = &helpers[index];
        if (helper->kind == HELPER_LISTENS)
            hand_over_listener(helper);
        else
            accept_connection(helper);
        reach_qemu(helper, now);
        if (helper->connection >= 0 && !helper->service.process.pid && helper->service.not_before <= now)
            start(helper);
        service_act(&helper->service, now);
        if (tell_all_at <= now)
            service_terminate(&helper->service);
    }
    if (tell_all_at <= now)
        tell_all_at = INT64_MAX;
}

/* True for a program that ended before it accepted a connection which QEMU made at run time: QEMU is told, and can go
 * on without the device. At its own start it cannot. */
static bool was_never_used(const struct helper *helper)
{
    struct pollfd queue = {.fd = helper->offered, .events = POLLIN};
    return qemu.answers && helper->offered >= 0 && poll(&queue, 1, 0) == 1;
}

/* The guest's processes hang in a directory that nobody serves, and cannot be killed. It ends by 0 with QEMU, and when
 * its device has been unplugged. */
static void lose(const struct helper *helper, int status)
{
    if (qemu.ended || qemu_is_gone || helper_loss.name || (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
        was_never_used(helper))
        return;
    helper_loss = (struct helper_loss){helper->name, status};
    qemu_signal(SIGKILL);
}

void helpers_reaped(pid_t pid, int status)
{
    for (unsigned index = 0; index < helper_count; index++) {
        struct helper *helper = &helpers[index];
        if (helper->service.process.pid != pid)
            continue;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            helper->service.delay = 0;
        service_ended(&helper->service, helper->name, status, processes_changed);
        if (helper->kind == HELPER_LISTENS) {
            lose(helper, status);
            listen_again(helper);
        }
    }
}

void helpers_end(void)
{
    qemu_is_gone = true;
    for (unsigned index = 0; index < helper_count; index++) {
        listener_close(&helpers[index].listener);
        forget_connection(&helpers[index]);
        forget(&helpers[index].offered);
    }
    tell_all_at = now_ms() + SERVICE_PATIENCE_MS;
}

bool helpers_gone(void)
{
    for (unsigned index = 0; index < helper_count; index++)
        if (helpers[index].service.process.pid)
            return false;
    return true;
}
