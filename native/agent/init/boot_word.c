#include "boot_word.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool boot_word(const char *word)
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
