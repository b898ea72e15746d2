#include "stay.h"
#include "boot_word.h"
#include "note.h"
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static const char script[] = "/etc/vmlet-stay";
static const char word[] = "vmlet.stay";

void stay_start(void)
{
    if (!boot_word(word) || access(script, X_OK) < 0)
        return;
    pid_t pid = fork();
    if (pid < 0) {
        note(script);
        return;
    }
    if (pid == 0) {
        setsid();
        execl(script, script, (char *)NULL);
        note(script);
        _exit(127);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}
