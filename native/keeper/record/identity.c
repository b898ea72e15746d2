#include "identity.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t read_whole(const char *path, char *buffer, size_t size)
{
    ssize_t count = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        count = read(fd, buffer, size - 1);
        close(fd);
    }
    buffer[count < 0 ? 0 : count] = 0;
    return count < 0 ? 0 : (size_t)count;
}

struct identity identity_of(pid_t pid)
{
    char path[64], stat[1024];
    struct identity identity = {.pid = pid};
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_whole(path, stat, sizeof stat);
    /* Field 2 is the name in parentheses, which may contain anything; field 22 is the start time. */
    char *field = strrchr(stat, ')');
    for (unsigned number = 2; field && number < 22; number++)
        if ((field = strchr(field, ' ')))
            field++;
    if (field)
        identity.start_time = strtoull(field, NULL, 10);
    return identity;
}

const char *identity_boot(void)
{
    static char boot[64];
    if (!boot[0]) {
        read_whole("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
        boot[strcspn(boot, "\n")] = 0;
    }
    return boot;
}

void identity_print(struct text *text, const struct identity *identity)
{
    if (identity->pid)
        text_print(text, "{\"pid\":%d,\"startTime\":%llu}", (int)identity->pid, identity->start_time);
    else
        text_print(text, "null");
}
