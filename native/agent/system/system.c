#include "system.h"
#include "hosts.h"
#include "text_file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ENTROPY_MAX = 1024 };

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at += length)
        if (at > text && strchr(" \t", at[-1]) && strchr(" \t\n", at[length]))
            return true;
    return false;
}

/* Finds a line such as `127.0.1.1 name`, which is the one we write ourselves; returns the position of the name, or
 * NULL. */
static char *find_own_line(char *hosts, const char *name)
{
    char line[96];
    size_t length = (size_t)snprintf(line, sizeof line, "\n127.0.1.1 %s\n", name);
    char *at = strstr(hosts, line);
    return at ? at + length - 1 - strlen(name) : NULL;
}

/* Before the names of private networks: programs take the first address of a name. */
static void insert(char *hosts, const char *text)
{
    char *at = hosts_first_block(hosts);
    memmove(at + strlen(text), at, strlen(at) + 1);
    memcpy(at, text, strlen(text));
}

static int name_in_hosts(const char *name, const char *former)
{
    static char hosts[HOSTS_MAX + 256];
    char line[96];
    int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, hosts, HOSTS_MAX);
    if (fd >= 0)
        close(fd);
    if (length < 0 || length == HOSTS_MAX)
        return length < 0 ? errno : EFBIG;
    hosts[length] = 0;
    /* Names of a private network do not count: they go when the guest leaves it. */
    char *others = strdup(hosts);
    if (!others)
        return ENOMEM;
    hosts_strip(others);
    bool is_known = has_word(others, name), is_empty = *others == 0;
    free(others);
    if (is_known)
        return 0;
    if (is_empty)
        insert(hosts, "127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
    char *own = find_own_line(hosts, former);
    if (own) {
        size_t rest = strlen(own + strlen(former)) + 1;
        memmove(own + strlen(name), own + strlen(former), rest);
        memcpy(own, name, strlen(name));
    } else {
        const char *end = hosts_first_block(hosts);
        const char *newline = end > hosts && end[-1] != '\n' ? "\n" : "";
        snprintf(line, sizeof line, "%s127.0.1.1 %s\n", newline, name);
        insert(hosts, line);
    }
    return text_file_write("/etc/hosts", hosts);
}

int system_set_hostname(const char *name)
{
    char line[80], former[65] = {0};
    size_t length = strlen(name);
    if (length == 0 || length > 64 || strpbrk(name, " \t\n/"))
        return EINVAL;
    if (gethostname(former, sizeof former - 1) < 0)
        return errno;
    if (sethostname(name, length) < 0)
        return errno;
    snprintf(line, sizeof line, "%s\n", name);
    int reason = text_file_write("/etc/hostname", line);
    if (reason == ENOENT && mkdir("/etc", 0755) == 0)
        reason = text_file_write("/etc/hostname", line);
    return reason ? reason : name_in_hosts(name, former);
}

int system_set_clock(uint64_t time)
{
    struct timespec now = {.tv_sec = (time_t)(time / 1000000000u), .tv_nsec = (long)(time % 1000000000u)};
    return clock_settime(CLOCK_REALTIME, &now) < 0 ? errno : 0;
}

int system_add_entropy(const uint8_t *bytes, size_t length)
{
    union {
        struct rand_pool_info info;
        uint8_t room[sizeof(struct rand_pool_info) + ENTROPY_MAX];
    } pool;
    if (length == 0 || length > ENTROPY_MAX)
        return EINVAL;
    pool.info.entropy_count = (int)length * 8;
    pool.info.buf_size = (int)length;
    memcpy(pool.room + sizeof pool.info, bytes, length);
    int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int reason = 0;
    if (ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0)
        reason = errno;
    close(fd);
    return reason;
}
