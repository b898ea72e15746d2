#include "command.h"
#include "attendant.h"
#include "events.h"
#include "failed_mounts.h"
#include "loop.h"
#include "monitor.h"
#include "note.h"
#include "output_log.h"
#include "protocol.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
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
    char line[256];
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

/* Another boot of the guest may change what the mount is; this tells of the one that mattered. */
static void explain_mount(const struct part *part)
{
    char line[5 * 1024];
    struct text text = {.at = mount, .size = sizeof mount};
    failed_mount_print(&text, part);
    problem = "the guest could not mount a directory";
    snprintf(line, sizeof line, "vmlet: cannot mount %s: %s\n", part->path, strerror((int)part->reason));
    say(line);
}

static void explain_end(void)
{
    static char text[128];
    if (problem)
        return;
    if (attendant.ending.mount) {
        explain_mount(attendant.ending.mount);
    } else if (attendant.ending.phase) {
        const char *why = attendant.ending.reason ? strerror((int)attendant.ending.reason) : "the guest agent rejected it";
        snprintf(text, sizeof text, "the command could not be started: %s", why);
        fail(text);
    } else if (attendant.ending.status < 0 && attendant.ending.signal < 0) {
        fail("the guest shut down, rebooted or was stopped before its command ended");
    }
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

/* The statuses of a shell: 127 not found, 126 not executable; 125 is vmlet's own. */
static int status_of_failure(void)
{
    if (attendant.ending.phase != PHASE_EXEC)
        return 125;
    return attendant.ending.reason == ENOENT ? 127 : 126;
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
