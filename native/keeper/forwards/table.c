#include "table.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 3, FILE_MAX = FORWARDS_MAX * (ADDRESS_SIZE + 16) };

static ssize_t read_whole(const char *path, char *content)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t count = read(fd, content, FILE_MAX);
    int reason = errno;
    close(fd);
    errno = reason;
    return count;
}

static bool read_port(const char *word, unsigned lowest, uint16_t *port)
{
    char *end;
    unsigned long number = strtoul(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end || number < lowest || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool read_entry(char *const words[WORDS], struct entry *entry)
{
    size_t length = strlen(words[0]);
    *entry = (struct entry){.port = 0};
    if (length == 0 || length >= ADDRESS_SIZE)
        return false;
    memcpy(entry->address, words[0], length);
    bool is_path = words[0][0] == '/';
    return read_port(words[1], is_path ? 0 : 1, &entry->port) && (!is_path || entry->port == 0) &&
           read_port(words[2], 1, &entry->guest_port);
}

bool table_read(const char *path, struct entry entries[FORWARDS_MAX], unsigned *count)
{
    static char content[FILE_MAX];
    char *words[WORDS];
    unsigned found = 0;
    ssize_t length = read_whole(path, content);
    if (length < 0)
        return false;
    *count = 0;
    errno = EINVAL;
    if (length == FILE_MAX || (length > 0 && content[length - 1] != 0))
        return false;
    for (char *at = content; at < content + length; at += strlen(at) + 1) {
        words[found++] = at;
        if (found < WORDS)
            continue;
        if (*count == FORWARDS_MAX || !read_entry(words, &entries[*count]))
            return false;
        ++*count;
        found = 0;
    }
    return found == 0;
}

bool entry_equals(const struct entry *one, const struct entry *other)
{
    return strcmp(one->address, other->address) == 0 && one->port == other->port && one->guest_port == other->guest_port;
}
