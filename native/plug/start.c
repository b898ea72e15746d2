#include "start.h"
#include "connection.h"
#include "note.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_MAX = 64 * 1024, PATIENCE_MS = 10000 };

static int open_log(const char *directory)
{
    char path[PATH_MAX], older[PATH_MAX];
    struct stat status;
    if (snprintf(path, sizeof path, "%s/switch.log", directory) >= (int)sizeof path ||
        snprintf(older, sizeof older, "%s.1", path) >= (int)sizeof older) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (lstat(path, &status) == 0 && status.st_size > LOG_MAX && rename(path, older) < 0)
        return -1;
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

static _Noreturn void become_switch(char **program, int log, int report)
{
    static char *const no_environment[] = {NULL};
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* It keeps none of the keeper's descriptors and ours; both are above 3. Linux before 5.9 lacks the call: the confine
     * program then closes them. */
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(report, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0 && (syscall(SYS_close_range, 3, ~0u, 0) == 0 || errno == ENOSYS) &&
        chdir("/") == 0)
        execve(program[0], program, no_environment);
    note(program[0]);
    _exit(127);
}

/* The child is a session of its own and ends, so that the grandchild belongs to init. */
static bool fork_twice(char **program, int log, int report)
{
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child > 0)
        return waitpid(child, NULL, 0) == child;
    setsid();
    pid_t grandchild = fork();
    if (grandchild == 0)
        become_switch(program, log, report);
    _exit(grandchild < 0);
}

static enum start_result await_word(int report, const char **reason)
{
    static const char ready[] = "ready\n", busy[] = "busy\n";
    char word[sizeof ready];
    switch (wait_for(report, PATIENCE_MS)) {
    case WAIT_QEMU_LEFT:
        return START_ABANDONED;
    case WAIT_TIMED_OUT:
        *reason = "the switch was not ready after 10 s";
        return START_FAILED;
    case WAIT_READABLE:
        break;
    }
    /* A short word is written at once. */
    ssize_t count = read(report, word, sizeof word);
    if (count == sizeof ready - 1 && memcmp(word, ready, sizeof ready - 1) == 0)
        return START_READY;
    if (count == sizeof busy - 1 && memcmp(word, busy, sizeof busy - 1) == 0)
        return START_BUSY;
    *reason = "the switch did not start; see switch.log in this directory";
    return START_FAILED;
}

enum start_result start_switch(const char *directory, char **program, const char **reason)
{
    enum start_result result = START_FAILED;
    int ends[2] = {-1, -1};
    int log = open_log(directory);
    if (log >= 0 && pipe2(ends, O_CLOEXEC) == 0 && fork_twice(program, log, ends[1])) {
        close(ends[1]);
        ends[1] = -1;
        result = await_word(ends[0], reason);
    } else {
        *reason = strerror(errno);
    }
    for (int index = 0; index < 2; index++)
        if (ends[index] >= 0)
            close(ends[index]);
    if (log >= 0)
        close(log);
    return result;
}
