#include "in_memory.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static bool asked;

void in_memory_ask_for(void)
{
    asked = true;
}

bool in_memory_is_asked_for(void)
{
    return asked;
}

static int copy(const char *path)
{
    struct stat status;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = memfd_create("program", MFD_CLOEXEC);
    if (from < 0 || to < 0 || fstat(from, &status) < 0)
        return -1;
    for (off_t left = status.st_size; left > 0;) {
        ssize_t sent = sendfile(to, from, NULL, (size_t)left);
        if (sent == 0)
            errno = ENOEXEC;
        if (sent <= 0)
            return -1;
        left -= sent;
    }
    return to;
}

void in_memory_execute(char **program)
{
    int fd = copy(program[0]);
    if (fd >= 0)
        fexecve(fd, program, environ);
}
