#include "helper_arguments.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024 };

/* Ends with NUL, even if the file does not. */
static char *read_whole(const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *content = malloc(FILE_MAX + 1);
    ssize_t count = 0;
    *length = 0;
    while (content && *length < FILE_MAX && (count = read(fd, content + *length, FILE_MAX - *length)) > 0)
        *length += (size_t)count;
    int reason = *length == FILE_MAX ? E2BIG : errno;
    close(fd);
    if (content && count >= 0 && *length > 0 && *length < FILE_MAX) {
        if (content[*length - 1] != 0)
            content[(*length)++] = 0;
        return content;
    }
    free(content);
    errno = content && *length == 0 && count == 0 ? EINVAL : reason;
    return NULL;
}

char **helper_arguments_read(const char *path)
{
    size_t length, count = 0;
    char *content = read_whole(path, &length);
    if (!content)
        return NULL;
    for (size_t index = 0; index < length; index++)
        count += content[index] == 0;
    char **arguments = content[0] == '/' ? calloc(count + 1, sizeof *arguments) : NULL;
    if (!arguments) {
        errno = content[0] == '/' ? ENOMEM : EINVAL;
        free(content);
        return NULL;
    }
    char *argument = content;
    for (size_t index = 0; index < count; index++, argument += strlen(argument) + 1)
        arguments[index] = argument;
    return arguments;
}

void helper_arguments_free(char **arguments)
{
    free(arguments[0]);
    free(arguments);
}
