#include "command_line.h"
#include "bytes.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct counts {
    size_t arguments, environment;
};

static bool count_fields(struct field_reader reader, struct counts *counts)
{
    struct field field;
    while (field_next(&reader, &field)) {
        counts->arguments += field.tag == FIELD_ARGUMENT;
        counts->environment += field.tag == FIELD_ENVIRONMENT;
    }
    return !reader.malformed;
}

static bool take_field(struct command_line *line, const struct field *field, struct counts *counts,
                       const char **user)
{
    const char *text = field_text(field);
    switch (field->tag) {
    case FIELD_ARGUMENT:
        line->arguments[counts->arguments++] = (char *)text;
        return text;
    case FIELD_ENVIRONMENT:
        line->environment[counts->environment++] = (char *)text;
        return text && strchr(text, '=') > text;
    case FIELD_DIRECTORY:
        line->directory = text;
        return text;
    case FIELD_USER:
        *user = text;
        return text;
    case FIELD_FLAGS:
        return field_u32(field, &line->flags);
    case FIELD_TERMINAL:
        if (field->length != 4)
            return false;
        line->rows = get_u16(field->value);
        line->columns = get_u16(field->value + 2);
        return true;
    default:
        /* A request with a field of a newer host that we do not know must not be executed without it. */
        return false;
    }
}

static const char *find_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static int add_base(struct command_line *line, size_t at)
{
    const struct account *account = &line->account;
    const struct {
        const char *name, *value;
    } base[] = {{"PATH", DEFAULT_PATH},
                {"HOME", account->home},
                {"USER", account->name},
                {"LOGNAME", account->name},
                {"SHELL", account->shell},
                {"TERM", line->flags & EXEC_TERMINAL ? "linux" : NULL}};
    for (size_t index = 0; index < sizeof base / sizeof *base; index++) {
        char entry[384];
        if (!base[index].value || find_variable(line->environment, base[index].name))
            continue;
        snprintf(entry, sizeof entry, "%s=%s", base[index].name, base[index].value);
        line->base[index] = strdup(entry);
        if (!line->base[index])
            return ENOMEM;
        line->environment[at++] = line->base[index];
    }
    return 0;
}

int command_line_read(struct command_line *line, struct field_reader reader, enum phase *phase)
{
    struct counts counts = {0, 0}, filled = {0, 0};
    const char *user = NULL;
    *line = (struct command_line){.directory = "/", .rows = 24, .columns = 80};
    *phase = PHASE_REQUEST;
    if (!count_fields(reader, &counts) || counts.arguments == 0)
        return EBADMSG;
    line->arguments = calloc(counts.arguments + 1, sizeof *line->arguments);
    line->environment = calloc(counts.environment + sizeof line->base / sizeof *line->base + 1, sizeof *line->environment);
    *phase = PHASE_RESOURCES;
    if (!line->arguments || !line->environment)
        return ENOMEM;
    *phase = PHASE_REQUEST;
    for (struct field field; field_next(&reader, &field);)
        if (!take_field(line, &field, &filled, &user))
            return EBADMSG;
    *phase = PHASE_USER;
    if (!account_find(user, &line->account))
        return ENOENT;
    *phase = PHASE_RESOURCES;
    return line->flags & EXEC_CLEAR_ENVIRONMENT ? 0 : add_base(line, filled.environment);
}

void command_line_free(struct command_line *line)
{
    for (size_t index = 0; index < sizeof line->base / sizeof *line->base; index++)
        free(line->base[index]);
    free(line->arguments);
    free(line->environment);
}

const char *command_line_path(const struct command_line *line)
{
    const char *path = find_variable(line->environment, "PATH");
    return path ? path : DEFAULT_PATH;
}
