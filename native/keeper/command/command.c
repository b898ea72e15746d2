#include "command.h"
#include "attendant.h"
#include "events.h"
#include "failed_mounts.h"
#include "fields.h"
#include "loop.h"
#include "monitor.h"
#include "note.h"
#include "output_log.h"
#include "protocol.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For the agent to power the machine off, before its button is pressed. Tests shorten it. */
#ifndef AGENT_MS
#define AGENT_MS (10 * 1000)
#endif

/* A guest needs its time to shut down, most of all without KVM. */
enum { SHUTDOWN_MS = 180 * 1000 };

static const char *path, *log_path;
static long patience;
static uint8_t *request;
static size_t request_length;
static bool begun;
static const char *problem;
/* The mount that failed, as JSON; empty for none. */
static char mount[EVENT_DATA_MAX];
/* When to stop waiting for the agent, or for the end of the machine; 0 for never. */
static int64_t answer_by, button_at, end_by;

bool command_prepare(const struct command_options *options)
{
    path = options->request;
    log_path = options->log;
    patience = options->patience;
    return !path || output_log_open(log_path);
}

static bool read_request(void)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = 0;
    request = malloc(REQUEST_MAX);
    while (fd >= 0 && request && request_length < REQUEST_MAX &&
           (count = read(fd, request + request_length, REQUEST_MAX - request_length)) > 0)
        request_length += (size_t)count;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    errno = reason;
    return fd >= 0 && request && count >= 0 && request_length > 0;
}

static void say(const char *text)
{
    output_log_write(true, (const uint8_t *)text, strlen(text));
}

static void end_machine(void)
{
    if (attendant_power_off())
        button_at = now_ms() + AGENT_MS;
    else
        monitor_press_power_button();
    end_by = now_ms() + SHUTDOWN_MS;
}

static void fail(const char *why)
{
    char line[PATH_MAX + 256];
    problem = why;
    snprintf(line, sizeof line, "vmlet: %s\n", why);
    say(line);
}

void command_begin(void)
{
    if (!path || begun)
        return;
    begun = true;
    if (!read_request()) {
        note(path);
        fail("the command could not be read");
        monitor_quit();
        return;
    }
    if (!attendant_start(request, request_length)) {
        note("attendant");
        fail("the command could not be sent to the guest agent");
        monitor_quit();
        return;
    }
    answer_by = patience > 0 ? now_ms() + patience * 1000 : 0;
}

/* The words of src/guest/agent/failure.ts. Agents reject requests that they do not know. */
static const char *describe(unsigned phase, unsigned reason)
{
    if (phase == PHASE_REQUEST && (reason == EBADMSG || reason == ENOSYS))
        return "the agent in the guest is older than this vmlet";
    return reason ? strerror((int)reason) : "the guest agent rejected it";
}

static const char *describe_mount(const struct part *part)
{
    if (part->reason == ENODEV)
        return "the guest's kernel does not support virtiofs";
    if (part->reason == ENOTBLK)
        return "the guest's kernel lacks the driver ext4 or virtio_blk";
    return describe(part->phase, (unsigned)part->reason);
}

/* Another boot of the guest may change what the mount is; this tells of the one that mattered. */
static void explain_mount(const struct part *part)
{
    char line[5 * 1024];
    struct text text = {.at = mount, .size = sizeof mount};
    failed_mount_print(&text, part);
    problem = "the guest could not mount a directory";
    snprintf(line, sizeof line, "vmlet: cannot mount %s: %s\n", part->path, describe_mount(part));
    say(line);
}

/* A field of the request, which the host wrote; `standard` if it is missing. */
static const char *requested(uint8_t tag, const char *standard)
{
    struct field_reader reader = {.at = request, .left = request_length};
    for (struct field field; field_next(&reader, &field);) {
        const char *text = field.tag == tag ? field_text(&field) : NULL;
        if (text)
            return text;
    }
    return standard;
}

static void explain_failure(const struct ending *ending)
{
    static char line[PATH_MAX + 128];
    const char *why = describe(ending->phase, ending->reason);
    if (ending->phase == PHASE_DIRECTORY)
        snprintf(line, sizeof line, "cannot enter the working directory %.1000s: %s", requested(FIELD_DIRECTORY, "/"), why);
    else if (ending->phase == PHASE_USER && ending->reason == ENOENT)
        snprintf(line, sizeof line, "no such user: %.1000s", requested(FIELD_USER, ""));
    else if (ending->phase == PHASE_USER)
        snprintf(line, sizeof line, "cannot switch to user %.1000s: %s", requested(FIELD_USER, "root"), why);
    else
        snprintf(line, sizeof line, "the command could not be started: %s", why);
    fail(line);
}

static void explain_end(void)
{
    if (problem)
        return;
    if (attendant.ending.mount)
        explain_mount(attendant.ending.mount);
    else if (attendant.ending.phase)
        explain_failure(&attendant.ending);
    else if (attendant.ending.status < 0 && attendant.ending.signal < 0)
        fail("the guest shut down, rebooted or was stopped before its command ended");
}

static void watch_answer(void)
{
    if (attendant.state != ATTENDANT_ASKS || answer_by == 0)
        return;
    if (now_ms() < answer_by) {
        loop_wake_at(answer_by);
        return;
    }
    answer_by = 0;
    fail("the guest agent did not answer in time");
    monitor_quit();
}

static void watch_end(void)
{
    if (attendant.state == ATTENDANT_ENDED && end_by == 0) {
        explain_end();
        end_machine();
    }
    if (attendant.powers_off)
        button_at = 0;
    if (button_at != 0 && (attendant.stays_on || now_ms() >= button_at)) {
        button_at = 0;
        monitor_press_power_button();
    }
    if (button_at != 0)
        loop_wake_at(button_at);
    if (end_by == 0 || end_by == INT64_MAX)
        return;
    if (now_ms() < end_by) {
        loop_wake_at(end_by);
        return;
    }
    end_by = INT64_MAX;
    monitor_quit();
}

bool command_act(void)
{
    if (!begun)
        return false;
    bool progress = attendant_act(output_log_write);
    watch_answer();
    watch_end();
    return progress;
}

/* The statuses of a shell: 127 not found, 126 not started for another reason; 125 is vmlet's own. */
static int status_of_failure(void)
{
    const struct ending *ending = &attendant.ending;
    if (!ending->phase || !ending->reason)
        return 125;
    return ending->phase == PHASE_EXEC && ending->reason == ENOENT ? 127 : 126;
}

const char *command_end(void)
{
    static char json[EVENT_DATA_MAX + 256];
    if (!begun)
        return "null";
    const struct ending *ending = &attendant.ending;
    if (ending->signal < 0 && ending->status < 0 && !ending->phase && !problem)
        problem = "the machine was stopped before its command ended";
    struct text text = {.at = json, .size = sizeof json};
    text_print(&text, "{\"exitCode\":");
    if (ending->signal >= 0)
        text_print(&text, "null,\"signal\":%d", ending->signal);
    else
        text_print(&text, "%d,\"signal\":null", ending->status >= 0 ? ending->status : status_of_failure());
    text_print(&text, ",\"problem\":");
    text_print_string(&text, problem);
    text_print(&text, *mount ? ",\"mount\":%s}" : "}", mount);
    return json;
}
