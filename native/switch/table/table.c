#include "table.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, SMALLEST_MTU = 576, LARGEST_MTU = 65520 };

static const char *const out_of_memory = "out of memory";

/* Grows an array by one element, in powers of two. False without memory. */
static bool add_room(void **array, size_t count, size_t size)
{
    if (count & (count - 1))
        return true;
    void *larger = realloc(*array, (count ? 2 * count : 1) * size);
    if (!larger)
        return false;
    *array = larger;
    return true;
}

static const char *read_subnet(struct table *table, char *rest)
{
    char *network = word_next(&rest, ' '), *server = word_next(&rest, ' ');
    uint64_t prefix;
    if (table->has_subnet)
        return "duplicate subnet";
    if (!server || rest)
        return "expected: subnet NETWORK/PREFIX SERVER";
    char *length = network;
    word_next(&length, '/');
    if (!length || !address_read(network, &table->network) || !number_read(length, 8, 30, &prefix))
        return "invalid subnet";
    table->mask = 0xffffffffu << (32 - prefix);
    if (table->network & ~table->mask)
        return "the subnet's address is not the first of the network";
    if (!address_read(server, &table->server) || (table->server & table->mask) != table->network)
        return "the server's address is not in the subnet";
    table->has_subnet = true;
    return NULL;
}

static const char *read_mtu(struct table *table, const char *rest)
{
    uint64_t mtu;
    if (table->mtu)
        return "duplicate mtu";
    if (!rest || !number_read(rest, SMALLEST_MTU, LARGEST_MTU, &mtu))
        return "expected: mtu BYTES, from 576 to 65520";
    table->mtu = (uint16_t)mtu;
    return NULL;
}

static const char *read_member_words(struct member *member, char *rest)
{
    struct link_properties *link = &member->link;
    for (char *word; (word = word_next(&rest, ' '));) {
        char *value = word;
        const char *name = word_next(&value, '=');
        uint64_t number;
        if (!value)
            return "expected: latency=, loss=, bandwidth= or mtu=";
        if (strcmp(name, "latency") == 0 && number_read(value, 0, 60000, &number))
            link->latency_ms = (uint32_t)number;
        else if (strcmp(name, "loss") == 0 && number_read(value, 0, 1000000, &number))
            link->loss = (uint32_t)number;
        else if (strcmp(name, "bandwidth") == 0 && number_read(value, 1000, 1000000000000, &number))
            link->bandwidth = number;
        else if (strcmp(name, "mtu") == 0 && number_read(value, SMALLEST_MTU, LARGEST_MTU, &number))
            member->mtu = (uint16_t)number;
        else
            return "invalid latency, loss, bandwidth or mtu";
    }
    return NULL;
}

static const char *read_member(struct table *table, char *rest)
{
    struct member member = {0};
    const char *name = word_next(&rest, ' '), *mac = word_next(&rest, ' '), *address = word_next(&rest, ' ');
    if (!address)
        return "expected: member NAME MAC ADDRESS";
    if (!name_is_valid(name))
        return "invalid name";
    if (!mac_read(mac, member.mac))
        return "invalid MAC address";
    if (strcmp(address, "-") != 0 && (!address_read(address, &member.address) || member.address == 0))
        return "invalid address";
    const char *wrong = read_member_words(&member, rest);
    if (wrong)
        return wrong;
    if (!add_room((void **)&table->members, table->member_count, sizeof member))
        return out_of_memory;
    table->members[table->member_count++] = member;
    return NULL;
}

static int compare_names(const void *one, const void *other)
{
    return strcmp(((const struct group_member *)one)->name, ((const struct group_member *)other)->name);
}

static const char *read_groups(struct partition *partition, char *rest)
{
    unsigned group = 0;
    for (char *names; (names = word_next(&rest, ' ')); group++) {
        for (char *name; (name = word_next(&names, ','));) {
            if (!name_is_valid(name))
                return "invalid name in a partition";
            if (!add_room((void **)&partition->names, partition->count, sizeof *partition->names))
                return out_of_memory;
            partition->names[partition->count++] = (struct group_member){name, group};
        }
    }
    return group < 2 ? "expected: partition GROUP GROUP" : NULL;
}

static const char *read_partition(struct table *table, char *rest)
{
    if (table->partition_count == PARTITIONS_MAX)
        return "too many partitions, at most 64";
    struct partition *partition = &table->partitions[table->partition_count++];
    const char *wrong = read_groups(partition, rest);
    if (wrong)
        return wrong;
    qsort(partition->names, partition->count, sizeof *partition->names, compare_names);
    for (size_t index = 1; index < partition->count; index++)
        if (compare_names(&partition->names[index - 1], &partition->names[index]) == 0)
            return "a name is in a partition twice";
    return NULL;
}

static const char *read_line(struct table *table, char *rest)
{
    const char *keyword = word_next(&rest, ' ');
    if (strcmp(keyword, "subnet") == 0)
        return read_subnet(table, rest);
    if (strcmp(keyword, "mtu") == 0)
        return read_mtu(table, rest);
    if (strcmp(keyword, "member") == 0)
        return read_member(table, rest);
    if (strcmp(keyword, "partition") == 0)
        return read_partition(table, rest);
    return "expected: subnet, mtu, member or partition";
}

static int compare_members(const void *one, const void *other)
{
    return memcmp(((const struct member *)one)->mac, ((const struct member *)other)->mac, MAC_SIZE);
}

static const char *finish(struct table *table)
{
    if (table->member_count > 0)
        qsort(table->members, table->member_count, sizeof *table->members, compare_members);
    for (size_t index = 1; index < table->member_count; index++)
        if (compare_members(&table->members[index - 1], &table->members[index]) == 0)
            return "two members have the same MAC address";
    return NULL;
}

/* Ends with NUL, with which no line of a text file contains one unseen. */
static char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? strdup("") : NULL;
    char *text = malloc(FILE_MAX + 1);
    size_t length = 0;
    ssize_t count = 0;
    while (text && length < FILE_MAX && (count = read(fd, text + length, FILE_MAX - length)) > 0)
        length += (size_t)count;
    int reason = length == FILE_MAX ? EFBIG : errno;
    close(fd);
    if (text && count == 0 && length < FILE_MAX) {
        text[length] = 0;
        if (strlen(text) == length)
            return text;
        reason = EILSEQ;
    }
    free(text);
    errno = reason;
    return NULL;
}

static const char *read_lines(struct table *table, unsigned *number)
{
    char *rest = table->text;
    for (char *line; (line = word_next(&rest, '\n'));) {
        /* The text ends with a newline. */
        if (!rest && *line == 0)
            break;
        ++*number;
        const char *wrong = read_line(table, line);
        if (wrong)
            return wrong;
    }
    *number = 0;
    return finish(table);
}

static struct table *fail(char problem[PROBLEM_SIZE])
{
    snprintf(problem, PROBLEM_SIZE, "table: %s", strerror(errno));
    return NULL;
}

struct table *table_read(const char *path, char problem[PROBLEM_SIZE])
{
    char *text = read_file(path);
    return text ? table_parse(text, problem) : fail(problem);
}

struct table *table_parse(char *text, char problem[PROBLEM_SIZE])
{
    struct table *table = calloc(1, sizeof *table);
    unsigned number = 0;
    if (!table) {
        free(text);
        return fail(problem);
    }
    table->text = text;
    const char *wrong = read_lines(table, &number);
    if (!wrong)
        return table;
    if (number)
        snprintf(problem, PROBLEM_SIZE, "table:%u: %s", number, wrong);
    else
        snprintf(problem, PROBLEM_SIZE, "table: %s", wrong);
    table_free(table);
    return NULL;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (unsigned index = 0; index < table->partition_count; index++)
        free(table->partitions[index].names);
    free(table->members);
    free(table->text);
    free(table);
}

const struct member *table_member(const struct table *table, const uint8_t *mac)
{
    struct member sought;
    memcpy(sought.mac, mac, MAC_SIZE);
    if (table->member_count == 0)
        return NULL;
    return bsearch(&sought, table->members, table->member_count, sizeof sought, compare_members);
}

int table_group(const struct table *table, unsigned partition, const char *name)
{
    const struct partition *asked = &table->partitions[partition];
    struct group_member sought = {name, 0};
    const struct group_member *found = bsearch(&sought, asked->names, asked->count, sizeof sought, compare_names);
    return found ? (int)found->group : -1;
}
