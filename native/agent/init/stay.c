#include "stay.h"
#include "fail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char script[] = "/etc/vmlet-stay";
static const char word[] = "vmlet.stay";

/* True when the kernel command line has the word. */
static bool is_asked_for(void)
{
    char line[4096];
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    if (length < 0)
        return false;
    line[length] = 0;
    char *rest;
    for (char *one = strtok_r(line, " \n", &rest); one; one = strtok_r(NULL, " \n", &rest))
        if (strcmp(one, word) == 0)
            return true;
    return false;
}

void stay_start(void)
{
    if (!is_asked_for() || access(script, X_OK) < 0)
        return;
    pid_t pid = fork();
    if (pid < 0) {
        complain(script);
        return;
    }
    if (pid == 0) {
        setsid();
        execl(script, script, (char *)NULL);
        complain(script);
        _exit(127);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}
