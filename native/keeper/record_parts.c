#include "record_parts.h"
#include "channel.h"
#include "command.h"
#include "failed_mounts.h"
#include "forwards.h"
#include "helper.h"
#include "identity.h"
#include "monitor.h"
#include "qemu.h"
#include <sys/wait.h>

static void print_run(struct text *text)
{
    const char *separator = "";
    text_print(text, ",\"qemu\":");
    identity_print(text, &qemu.process);
    text_print(text, ",\"helpers\":{");
    for (unsigned index = 0; index < helper_count; index++) {
        if (!helpers[index].service.process.pid)
            continue;
        text_print(text, "%s\"%s\":", separator, helpers[index].name);
        identity_print(text, &helpers[index].service.process);
        separator = ",";
    }
    forwards_print(text, separator);
    text_print(text, "},\"failedMounts\":");
    failed_mounts_print(text);
}

static void print_number(struct text *text, const char *key, bool known, int number)
{
    if (known)
        text_print(text, ",\"%s\":%d", key, number);
    else
        text_print(text, ",\"%s\":null", key);
}

static void print_loss(struct text *text)
{
    if (!helper_loss.name) {
        text_print(text, ",\"lostHelper\":null");
        return;
    }
    int status = helper_loss.status;
    text_print(text, ",\"lostHelper\":{\"name\":\"%s\"", helper_loss.name);
    print_number(text, "exitCode", WIFEXITED(status), WEXITSTATUS(status));
    print_number(text, "signal", WIFSIGNALED(status), WTERMSIG(status));
    text_print(text, "}");
}

static void print_end(struct text *text)
{
    print_number(text, "exitCode", WIFEXITED(qemu.status), WEXITSTATUS(qemu.status));
    print_number(text, "signal", WIFSIGNALED(qemu.status), WTERMSIG(qemu.status));
    print_number(text, "sentSignal", qemu.sent_signal != 0, qemu.sent_signal);
    text_print(text, ",\"negotiated\":%s,\"fatalRunState\":", monitor.negotiated ? "true" : "false");
    text_print(text, monitor.fatal_state ? "\"%s\"" : "null", monitor.fatal_state);
    text_print(text, ",\"askedToPowerOff\":%s", channels_asked_to_power_off() ? "true" : "false");
    print_loss(text);
    text_print(text, ",\"command\":%s", command_end());
}

const struct record_parts machine_parts = {print_run, print_end};
