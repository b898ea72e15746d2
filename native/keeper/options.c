#include "options.h"
#include "helper.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKET_PATH_MAX = 107, NAME_MAX_BYTES = 32 };

static char problem[512];

static const char *explain(const char *subject, const char *what)
{
    snprintf(problem, sizeof problem, "%s: %s", subject, what);
    return problem;
}

/* The keeper changes to /, where a relative path means another file. */
static const char *check_path(const char *path)
{
    return path[0] == '/' ? NULL : explain(path, "path must be absolute");
}

static const char *check_socket(const char *path)
{
    if (strlen(path) > SOCKET_PATH_MAX)
        return explain(path, "socket path too long, at most 107 bytes");
    return check_path(path);
}

static const char *add_helper(const char *option, char **words, enum helper_kind kind)
{
    for (unsigned index = 0; index < 4; index++)
        if (!words[index])
            return explain(option, "expected NAME SOCKET ARGVFILE LOGFILE");
    const char *name = words[0];
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (length == 0 || length > NAME_MAX_BYTES || name[length])
        return explain(name, "invalid helper name: expected at most 32 lower-case letters, digits and hyphens");
    if (helper_count == HELPERS_MAX)
        return explain(name, "too many helpers, at most 40");
    struct helper *helper = &helpers[helper_count++];
    *helper = (struct helper){
        .name = name, .socket = words[1], .arguments_file = words[2], .log_path = words[3], .kind = kind};
    const char *wrong = check_socket(words[1]);
    for (unsigned index = 2; index < 4 && !wrong; index++)
        wrong = check_path(words[index]);
    return wrong;
}

static bool helper_kind_of(const char *option, enum helper_kind *kind)
{
    static const char *const names[] = {
        [HELPER_ACCEPTED] = "--helper", [HELPER_DIALS] = "--dialling-helper", [HELPER_LISTENS] = "--listening-helper"};
    for (unsigned index = 0; index < sizeof names / sizeof *names; index++) {
        if (strcmp(names[index], option) != 0)
            continue;
        *kind = (enum helper_kind)index;
        return true;
    }
    return false;
}

static const char *read_command(struct command_options *command, char **words)
{
    for (unsigned index = 0; index < 3; index++)
        if (!words[index])
            return "--command: expected REQUEST LOGFILE SECONDS";
    char *end;
    *command = (struct command_options){.request = words[0], .log = words[1], .patience = strtol(words[2], &end, 10)};
    if (*end || end == words[2] || command->patience < 0)
        return explain(words[2], "expected a number of seconds");
    const char *wrong = check_path(words[0]);
    return wrong ? wrong : check_path(words[1]);
}

static const char *read_forwards(struct forwards_options *forwards, char **words)
{
    for (unsigned index = 0; index < 4; index++)
        if (!words[index])
            return "--forwards: expected TABLE SOCKET ARGVFILE LOGFILE";
    *forwards = (struct forwards_options){
        .table = words[0], .control = words[1], .arguments_file = words[2], .log_path = words[3]};
    const char *wrong = check_socket(words[1]);
    for (unsigned index = 0; index < 4 && !wrong; index++)
        wrong = check_path(words[index]);
    return wrong;
}

const char *options_read(struct options *options, char **arguments)
{
    *options = (struct options){0};
    const struct {
        const char *name;
        const char **value;
        const char *(*check)(const char *);
        bool required;
    } all[] = {
        {"--lock", &options->lock, check_path, true},
        {"--record", &options->record, check_path, true},
        {"--ended", &options->ended, check_path, true},
        {"--events", &options->events, check_path, true},
        {"--qemu-log", &options->qemu_log, check_path, true},
        {"--serial-log", &options->console.log, check_path, true},
        {"--console", &options->console.socket, check_socket, true},
        {"--serial", &options->console.positioned_socket, check_socket, true},
        {"--agent", &options->agent, check_socket, true},
        {"--runtime-directory", &options->runtime_directory, check_path, true},
        {"--mounts", &options->mounts, check_path, false},
        {"--names", &options->names, check_path, false},
        {"--afterwards", &options->afterwards, check_path, false},
    };
    const size_t count = sizeof all / sizeof *all;
    const char *wrong = NULL;
    enum helper_kind kind;
    for (; !wrong && *arguments && strcmp(*arguments, "--") != 0; arguments++) {
        size_t index = 0;
        while (index < count && strcmp(all[index].name, *arguments) != 0)
            index++;
        if (index < count && arguments[1]) {
            *all[index].value = *++arguments;
            wrong = all[index].check(*arguments);
        } else if (helper_kind_of(*arguments, &kind)) {
            wrong = add_helper(*arguments, arguments + 1, kind);
            arguments += wrong ? 0 : 4;
        } else if (strcmp(*arguments, "--command") == 0) {
            wrong = read_command(&options->command, arguments + 1);
            arguments += wrong ? 0 : 3;
        } else if (strcmp(*arguments, "--forwards") == 0) {
            wrong = read_forwards(&options->forwards, arguments + 1);
            arguments += wrong ? 0 : 4;
        } else if (strcmp(*arguments, "--paused") == 0) {
            options->paused = true;
        } else {
            wrong = explain(*arguments, index < count ? "a value is required" : "no such option");
        }
    }
    if (wrong)
        return wrong;
    for (size_t index = 0; index < count; index++)
        if (all[index].required && !*all[index].value)
            return explain(all[index].name, "option is required");
    if (!*arguments || !arguments[1])
        return "missing -- PROGRAM";
    options->program = arguments + 1;
    return check_path(arguments[1]);
}
