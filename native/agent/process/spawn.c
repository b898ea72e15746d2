#include "spawn.h"
#include "freshness.h"
#include "pty.h"
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

static struct rlimit original_files;

void spawn_raise_file_limit(void)
{
    struct rlimit raised;
    if (getrlimit(RLIMIT_NOFILE, &original_files) < 0)
        return;
    raised = original_files;
    raised.rlim_cur = raised.rlim_max;
    setrlimit(RLIMIT_NOFILE, &raised);
}

/* Descriptors of the command's side, except those in struct spawned. */
struct theirs {
    int input, output, error, status;
};

static void close_all(struct spawned *ours, struct theirs *theirs)
{
    int all[] = {ours->input, ours->output, ours->error, ours->status,
                 theirs->input, theirs->output, theirs->error, theirs->status};
    for (size_t index = 0; index < sizeof all / sizeof *all; index++)
        if (all[index] >= 0)
            close(all[index]);
}

static bool make_pipe(int *reading, int *writing)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *reading = ends[0];
    *writing = ends[1];
    return true;
}

static int open_terminal(const struct command_line *line, struct spawned *ours, struct theirs *theirs)
{
    int reason = pty_open(&ours->output, &theirs->output, line->account.uid, line->rows, line->columns);
    if (reason)
        return reason;
    ours->input = fcntl(ours->output, F_DUPFD_CLOEXEC, 3);
    return ours->input < 0 ? errno : 0;
}

static int open_pipes(const struct command_line *line, struct spawned *ours, struct theirs *theirs)
{
    if (line->flags & EXEC_INPUT) {
        if (!make_pipe(&theirs->input, &ours->input))
            return errno;
    } else {
        theirs->input = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (theirs->input < 0)
            return errno;
    }
    if (!make_pipe(&ours->output, &theirs->output) || !make_pipe(&ours->error, &theirs->error))
        return errno;
    /* A larger pipe wakes us less often for a command that writes small pieces, for 50 % more throughput. Some users
     * may not. */
    fcntl(ours->output, F_SETPIPE_SZ, WINDOW);
    return 0;
}

static void execute(const struct command_line *line)
{
    const char *name = line->arguments[0];
    char candidate[4096];
    int reason = ENOENT;
    if (strchr(name, '/')) {
        execve(name, line->arguments, line->environment);
        return;
    }
    for (const char *folder = command_line_path(line); *name && *folder;) {
        size_t length = strcspn(folder, ":");
        int size = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, folder, length ? "/" : "", name);
        folder += length + (folder[length] == ':');
        if (size < 0 || (size_t)size >= sizeof candidate)
            continue;
        execve(candidate, line->arguments, line->environment);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return;
        /* EACCES is reported only if no executable is found in another folder. */
        if (errno == EACCES)
            reason = EACCES;
    }
    errno = reason;
}

static int switch_user(const struct account *account)
{
    if (geteuid() != 0 && account->uid == geteuid())
        return 0;
    if (setgroups((size_t)account->group_count, account->groups) < 0)
        return -1;
    if (setresgid(account->gid, account->gid, account->gid) < 0)
        return -1;
    return setresuid(account->uid, account->uid, account->uid);
}

static _Noreturn void run_child(const struct command_line *line, const struct theirs *theirs, pid_t agent)
{
    struct spawn_failure failure = {.phase = PHASE_RESOURCES};
    bool terminal = line->flags & EXEC_TERMINAL;
    setsid();
    signals_restore();
    if (dup2(terminal ? theirs->output : theirs->input, 0) < 0 || dup2(theirs->output, 1) < 0 ||
        dup2(terminal ? theirs->output : theirs->error, 2) < 0)
        goto failed;
    if (terminal && ioctl(0, TIOCSCTTY, 0) < 0)
        goto failed;
    if (original_files.rlim_max)
        setrlimit(RLIMIT_NOFILE, &original_files);
    freshness_restore();
    failure.phase = PHASE_USER;
    if (switch_user(&line->account) < 0)
        goto failed;
    /* Set after the change of user, which clears it: if we are killed, nobody else ends the command. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    failure.phase = PHASE_DIRECTORY;
    if (chdir(line->directory) < 0)
        goto failed;
    failure.phase = PHASE_EXEC;
    /* We were killed before that. Not asked right after it: the kernel sends no signal if it has read the setting and
     * the change of parent is not yet visible here. */
    if (getppid() != agent)
        _exit(127);
    execute(line);
failed:
    failure.reason = errno;
    _exit(write(theirs->status, &failure, sizeof failure) < 0 ? 126 : 127);
}

int spawn(const struct command_line *line, struct spawned *spawned)
{
    struct theirs theirs = {-1, -1, -1, -1};
    *spawned = (struct spawned){.pid = -1, .input = -1, .output = -1, .error = -1, .status = -1};
    int reason = make_pipe(&spawned->status, &theirs.status) ? 0 : errno;
    if (!reason)
        reason = line->flags & EXEC_TERMINAL ? open_terminal(line, spawned, &theirs) : open_pipes(line, spawned, &theirs);
    if (!reason) {
        pid_t agent = getpid();
        spawned->pid = fork();
        if (spawned->pid == 0)
            run_child(line, &theirs, agent);
        if (spawned->pid < 0)
            reason = errno;
    }
    if (reason) {
        close_all(spawned, &theirs);
        return reason;
    }
    struct spawned nothing = {-1, -1, -1, -1, -1};
    close_all(&nothing, &theirs);
    return 0;
}
