#include "modules.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* MODULE_INIT_COMPRESSED_FILE of linux/module.h, in Linux since 5.17. */
enum { COMPRESSED_FILE = 4 };

static char folder[PATH_MAX];

/* File names of modules use dashes or underscores; the kernel treats them as the same. */
static bool is_named(const char *path, size_t length, const char *name)
{
    const char *base = path;
    for (const char *at = path; at < path + length; at++)
        if (*at == '/')
            base = at + 1;
    for (; base < path + length && *base != '.' && *name; base++, name++)
        if (*base != *name && !((*base == '-' || *base == '_') && (*name == '-' || *name == '_')))
            return false;
    return *name == 0 && (base == path + length || *base == '.');
}

/* Returns the line of modules.dep or modules.builtin that begins with this module; the caller frees it. NULL if none.
 */
static char *find_line(const char *list, const char *name)
{
    char path[PATH_MAX + 32], *line = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, list);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &size, file) > 0) {
        if (!is_named(line, strcspn(line, ":\n"), name))
            continue;
        fclose(file);
        line[strcspn(line, "\n")] = 0;
        return line;
    }
    if (file)
        fclose(file);
    free(line);
    return NULL;
}

static int insert(const char *file)
{
    char path[2 * PATH_MAX];
    size_t length = strlen(file);
    bool plain = length > 3 && strcmp(file + length - 3, ".ko") == 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int reason = 0;
    if (syscall(SYS_finit_module, fd, "", plain ? 0 : COMPRESSED_FILE) < 0 && errno != EEXIST)
        reason = errno;
    close(fd);
    return reason;
}

static bool is_present(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/sys/module/%s", name);
    for (char *at = path; *at; at++)
        if (*at == '-')
            *at = '_';
    if (access(path, F_OK) == 0)
        return true;
    char *built_in = find_line("modules.builtin", name);
    free(built_in);
    return built_in != NULL;
}

int module_load(const char *name)
{
    struct utsname kernel;
    if (*name == 0 || strpbrk(name, "/. :"))
        return EINVAL;
    uname(&kernel);
    snprintf(folder, sizeof folder, "/lib/modules/%s", kernel.release);
    char *line = find_line("modules.dep", name);
    if (!line)
        return is_present(name) ? 0 : ENOENT;
    char *colon = strchr(line, ':');
    int reason = 0;
    if (colon)
        *colon++ = 0;
    /* Dependencies are listed nearest first; the last one has none itself. */
    while (colon && *colon && !reason) {
        char *space = strrchr(colon, ' ');
        char *needed = space ? space + 1 : colon;
        if (*needed)
            reason = insert(needed);
        if (!space)
            break;
        *space = 0;
    }
    if (!reason)
        reason = insert(line);
    free(line);
    return reason;
}
