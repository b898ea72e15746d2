#include "keep.h"
#include "command.h"
#include "console.h"
#include "events.h"
#include "file.h"
#include "forwards.h"
#include "helper.h"
#include "helper_arguments.h"
#include "lock.h"
#include "log.h"
#include "loop.h"
#include "monitor.h"
#include "mounts.h"
#include "names.h"
#include "note.h"
#include "notify.h"
#include "options.h"
#include "qemu.h"
#include "record.h"
#include "record_parts.h"
#include "report.h"
#include "signals.h"
#include "switchboard.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, LAST_WORDS_MS = 1000 };

static bool start_failed;

static int fail(const char *what)
{
    note(what);
    report("failed %s: %s", what, strerror(errno));
    return 1;
}

/* Detaches from the launcher's session, directory and descriptors. */
static bool leave_launcher(void)
{
    static const int heard[] = {SIGCHLD, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP, SIGALRM};
    /* Not supported before Linux 5.9, and Node leaves nothing open anyway. */
    syscall(SYS_close_range, 3, ~0u, 0);
    if (!loop_start() || !signals_watch(heard, sizeof heard / sizeof *heard))
        return false;
    signal(SIGINT, SIG_IGN);
    setsid(); /* Fails if the launcher has already done so. */
    umask(077);
    return chdir("/") == 0;
}

/* Releases the launcher's lock, which is held as long as its descriptor is open, even if the launcher is killed. */
static bool release_launcher_lock(void)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return nothing >= 0 && dup2(nothing, STDIN_FILENO) == STDIN_FILENO && close(nothing) == 0;
}

static void reap(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == qemu.process.pid) {
            qemu_reaped(status);
            continue;
        }
        helpers_reaped(pid, status);
        forwards_reaped(pid, status);
    }
}

static void handle_signal(int signal)
{
    switch (signal) {
    case SIGCHLD:
        reap();
        break;
    case SIGUSR1:
        monitor_press_power_button();
        break;
    case SIGTERM:
        monitor_quit();
        break;
    case SIGUSR2:
        qemu_signal(SIGKILL);
        break;
    /* Not a signal that dumps core if it comes before we watch signals. */
    case SIGALRM:
        start_failed = true;
        qemu_signal(SIGKILL);
        break;
    case SIGHUP:
        command_begin();
        break;
    }
}

static void turn(void)
{
    static bool busy;
    monitor_prepare();
    console_prepare();
    switchboard_prepare();
    helpers_prepare();
    forwards_prepare();
    record_act();
    if (!loop_wait(busy))
        note("epoll_wait");
    /* First: signals and the command may request monitor commands. */
    for (int signal; (signal = signals_next()) != 0;)
        handle_signal(signal);
    busy = command_act();
    busy |= monitor_act();
    busy |= console_act();
    busy |= switchboard_act();
    helpers_act();
    forwards_act();
}

static void run_until_ended(void)
{
    while (!qemu.ended)
        turn();
    notify_stopping();
    monitor_finish();
    console_finish();
    switchboard_finish();
    helpers_end();
    forwards_end();
    record_state("shutdown");
    int64_t patience = now_ms() + LAST_WORDS_MS;
    while (!helpers_gone() || !forwards_gone() || (!(console_drained() && switchboard_drained()) && now_ms() < patience)) {
        loop_wake_at(patience);
        turn();
    }
}

static int report_end(void)
{
    if (WIFEXITED(qemu.status))
        report("ended %d -", WEXITSTATUS(qemu.status));
    else
        report("ended - %d", WTERMSIG(qemu.status));
    /* A machine that was killed on request has not failed: otherwise a service would restart it. */
    bool asked_for = qemu.sent_signal != 0 && WIFSIGNALED(qemu.status) && !helper_loss.name && !monitor.fatal_state &&
                     !start_failed;
    return asked_for || (WIFEXITED(qemu.status) && WEXITSTATUS(qemu.status) == 0) ? 0 : 1;
}

static void write_record(void)
{
    record_changed();
    record_act();
}

static int start(const struct options *options, const struct log *qemu_log)
{
    const char *path;
    struct qemu_connections connections;
    if (!events_open(options->events))
        return fail(options->events);
    if (!console_listen(&options->console, &path) || !helpers_listen(write_record, &path) ||
        !forwards_open(&options->forwards, write_record, &path))
        return fail(path);
    if (options->mounts && !mounts_read(options->mounts))
        return fail(options->mounts);
    names_prepare(options->names);
    if (!switchboard_listen(options->agent))
        return fail(options->agent);
    if (!command_prepare(&options->command))
        return fail(options->command.log);
    if (!qemu_start(options->program, qemu_log->fd, &connections))
        return fail(options->program[0]);
    write_record();
    report("started %d %llu", (int)qemu.process.pid, qemu.process.start_time);
    console_attach(connections.console);
    switchboard_attach(connections.agent);
    monitor_start(connections.monitor, options->paused);
    return 0;
}

/* Has a program follow as soon as this process has ended, without our signal mask and standard output. Not by this
 * process itself: who stops the machine waits for its end, and may hold a lock that the program needs. */
static void follow_with(char **program)
{
    pid_t keeper = getpid(), pid = fork();
    if (pid < 0)
        note("fork");
    if (pid != 0)
        return;
    /* A new start takes the locks as soon as the keeper has ended. Before Linux 5.9, execve closes them. */
    syscall(SYS_close_range, 3, ~0u, 0);
    /* The kernel sends the signal, which is blocked, once it has released all that the keeper held. */
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGUSR1);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    while (getppid() == keeper)
        sigwaitinfo(&end, NULL);
    prctl(PR_SET_PDEATHSIG, 0);
    signal(SIGINT, SIG_DFL);
    signals_restore();
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execve(program[0], program, (char *[]){NULL});
    note(program[0]);
    _exit(1);
}

static int run(const struct options *options)
{
    struct log qemu_log;
    if (!log_open(&qemu_log, options->qemu_log, 0, LOG_ANEW))
        return fail(options->qemu_log);
    dup2(qemu_log.fd, STDERR_FILENO);
    if (!record_start(options->record, options->ended, &machine_parts))
        return fail(options->record);
    if (!release_launcher_lock())
        note("standard input");
    int status = start(options, &qemu_log);
    log_close(&qemu_log);
    if (status == 0)
        run_until_ended();
    else
        forwards_end();
    /* Its file is in the directory that is removed. */
    char **afterwards = options->afterwards && status == 0 ? helper_arguments_read(options->afterwards) : NULL;
    /* Once the record of the run is removed, the machine may be started again, and the directory belongs to the new
     * start. */
    file_remove_flat_directory(options->runtime_directory);
    if (status == 0)
        record_end();
    else
        record_remove();
    status = status == 0 ? report_end() : status;
    if (afterwards) {
        follow_with(afterwards);
        helper_arguments_free(afterwards);
    }
    return status;
}

int keep(char **arguments)
{
    ino_t inode;
    struct options options;
    const char *problem = options_read(&options, arguments);
    if (problem) {
        report("failed %s", problem);
        note_text("usage", problem);
        return EXIT_USAGE;
    }
    if (!leave_launcher())
        return fail("cannot detach from the launcher");
    switch (lock_take(options.lock, &inode)) {
    case LOCK_BUSY:
        report("busy");
        return EXIT_BUSY;
    case LOCK_FAILED:
        return fail(options.lock);
    case LOCK_HELD:
        break;
    }
    return run(&options);
}
