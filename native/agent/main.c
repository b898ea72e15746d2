/* vmlet-agent: runs commands in a guest for the host. PROTOCOL.md describes the protocol. */
#include "children.h"
#include "channel.h"
#include "fail.h"
#include "init.h"
#include "kept.h"
#include "loop.h"
#include "port.h"
#include "power.h"
#include "power_button.h"
#include "role.h"
#include "session.h"
#include "signals.h"
#include "sink.h"
#include "spawn.h"
#include "stay.h"
#include "virtio_port.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

const char program_name[] = "vmlet-agent";

static struct watch listener = {.fd = -1};

static void watch_signals(void)
{
    static const int heard[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPWR, SIGHUP};
    if (!signals_watch(heard, sizeof heard / sizeof *heard))
        fail("signals");
}

static _Noreturn void leave(int status)
{
    port_detach();
    children_kill();
    exit(status);
}

/* Handles a signal. busybox's poweroff, halt and reboot use signals to ask PID 1, and the kernel SIGINT for
   Ctrl-Alt-Del. */
static void handle_signal(int signal)
{
    if (signal == SIGCHLD)
        children_reap();
    else if (agent_role() != ROLE_INIT && (signal == SIGTERM || signal == SIGINT))
        leave(0);
    else if (agent_role() == ROLE_INIT && (signal == SIGTERM || signal == SIGINT))
        power_schedule(POWER_REBOOT);
    else if (agent_role() == ROLE_INIT && signal != SIGHUP)
        power_schedule(POWER_OFF);
}

static void accept_host(void)
{
    if (port_attached() || listener.fd < 0 || !listener.readable)
        return;
    int fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        port_attach(fd, PORT_SOCKET, &session_events);
    else
        listener.readable = errno == EINTR || errno == ECONNABORTED;
}

static _Noreturn void serve(void)
{
    bool busy = false;
    for (;;) {
        if (!loop_wait(busy))
            fail("epoll_wait");
        for (int signal; (signal = signals_next()) != 0;)
            handle_signal(signal);
        accept_host();
        busy = port_pump_input();
        busy |= channels_pump();
        busy |= sinks_pump();
        busy |= port_pump_output();
        children_pump();
        kept_pump();
        /* After the greeting was sent. */
        if (agent_role() == ROLE_INIT && port_drained())
            power_button_pump();
        power_pump();
        if (port_attached())
            continue;
        if (listener.fd >= 0) {
            /* The next host may have connected before the last one left; it is not announced again. */
            busy |= listener.readable;
            continue;
        }
        if (agent_role() != ROLE_INIT)
            leave(agent_role() == ROLE_SOCKET ? 0 : 1);
        port_attach(virtio_port_open(), PORT_VIRTIO, &session_events);
    }
}

static void listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    umask(077);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
        fail(path);
    umask(022);
    if (!watch_open(&listener, fd))
        fail(path);
}

static void attach_device(const char *path)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        fail(path);
    port_attach(fd, PORT_VIRTIO, &session_events);
}

static void attach_inherited(const char *number)
{
    char *end;
    long fd = strtol(number, &end, 10);
    if (*number == 0 || *end || fd < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
        errno = EBADF;
        fail(number);
    }
    port_attach((int)fd, PORT_SOCKET, &session_events);
}

static _Noreturn void explain(void)
{
    static const char usage[] = "usage: vmlet-agent --port DEVICE | --fd NUMBER | --listen PATH\n"
                                "As PID 1 it needs no argument.\n";
    _exit(write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : 2);
}

int main(int count, char **arguments)
{
    bool is_init = getpid() == 1;
    if (is_init) {
        init_start();
        stay_start();
    }
    else if (count != 3)
        explain();
    /* CLOSE_RANGE_CLOEXEC: commands must not inherit descriptors that our own parent left open. */
    syscall(SYS_close_range, 3, ~0u, 4);
    spawn_raise_file_limit();
    if (!loop_start())
        fail("epoll_create1");
    watch_signals();
    if (is_init) {
        role_set(ROLE_INIT);
        port_attach(virtio_port_open(), PORT_VIRTIO, &session_events);
    } else if (strcmp(arguments[1], "--port") == 0) {
        role_set(ROLE_SERVICE);
        attach_device(arguments[2]);
    } else if (strcmp(arguments[1], "--fd") == 0) {
        role_set(ROLE_SOCKET);
        attach_inherited(arguments[2]);
    } else if (strcmp(arguments[1], "--listen") == 0) {
        role_set(ROLE_SOCKET);
        listen_at(arguments[2]);
    } else {
        explain();
    }
    serve();
}
