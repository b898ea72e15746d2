#include "monitor.h"
#include "events.h"
#include "json.h"
#include "loop.h"
#include "note.h"
#include "notify.h"
#include "qemu.h"
#include "record.h"
#include "report.h"
#include "switchboard.h"
#include "text.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
    LINE_MAX_BYTES = 1024 * 1024,
    PIECE = 64 * 1024,
    ANSWER_MS = 2000,
};

/* These values are also the IDs of the requests. */
enum command { NO_COMMAND, CAPABILITIES, CONT, STATUS, POWERDOWN, QUIT, ANNOUNCE, COMMANDS };

static const char *const commands[COMMANDS] = {
    [CAPABILITIES] = "\"qmp_capabilities\"",
    [CONT] = "\"cont\"",
    [STATUS] = "\"query-status\"",
    [POWERDOWN] = "\"system_powerdown\"",
    [QUIT] = "\"quit\"",
    [ANNOUNCE] = "\"announce-self\",\"arguments\":{\"interfaces\":[\"network-device\"],"
                 "\"rounds\":1,\"initial\":0,\"step\":0,\"max\":0}",
};

struct monitor monitor;

static struct watch connection = {.fd = -1};
static _Alignas(4096) char line[LINE_MAX_BYTES];
static size_t line_length;
/* The rest of a line that was too long is skipped. */
static bool skipping;
static char requests[4096];
static size_t requests_length;
static bool starts_paused, ran;
static bool asked_status, ask_status_again;
/* QEMU 10.0 dereferences a null pointer when a command arrives between the end of its dispatcher and its own. */
static bool ends;
static int64_t quit_answer_until = INT64_MAX;

static bool request(enum command command)
{
    struct text text = {.at = requests, .size = sizeof requests, .length = requests_length};
    if (connection.fd < 0 || ends)
        return false;
    text_print(&text, "{\"execute\":%s,\"id\":%d}", commands[command], (int)command);
    if (text.cut)
        note_text("the monitor accepts no more commands", commands[command]);
    requests_length = text.length;
    return true;
}

static void ask_status(void)
{
    if (!monitor.negotiated)
        return;
    if (asked_status) {
        ask_status_again = true;
        return;
    }
    asked_status = request(STATUS);
}

static void runs(void)
{
    if (ran)
        return;
    ran = true;
    /* Recorded first, so that a reader of the report finds it in the record. The later query-status is more exact. */
    record_state("running");
    record_act();
    report("running");
    notify_ready();
}

static void update_state(struct span status)
{
    char state[RECORD_STATE_MAX];
    if (status.length < 3 || status.length > sizeof state || status.at[0] != '"')
        return;
    snprintf(state, sizeof state, "%.*s", (int)status.length - 2, status.at + 1);
    if (strspn(state, "abcdefghijklmnopqrstuvwxyz-") != status.length - 2)
        return;
    record_state(state);
    if (strcmp(state, "running") == 0)
        runs();
    /* A machine that was paused when it was saved: systemd would end it when its start timed out. */
    if (strcmp(state, "paused") == 0)
        notify_ready();
    if (strcmp(state, "internal-error") == 0) {
        monitor.fatal_state = "internal-error";
        qemu_signal(SIGKILL);
    }
}

/* A machine that pauses because of a panic, its watchdog or a disk sends STOP as well; one that ends because of them
 * must not be queried any more. */
static bool changes_state(struct span name)
{
    static const char *const names[] = {
        "STOP", "RESUME", "SUSPEND", "WAKEUP", "RESET", "MIGRATION", "JOB_STATUS_CHANGE",
    };
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        if (json_is_string(name, names[index]))
            return true;
    return false;
}

/* Records the disk errors that pause the machine; the guest was told of the others. */
static void take_disk_error(struct span event)
{
    struct span data, action;
    if (json_member(event, "data", &data) && json_is_object(data) && json_member(data, "action", &action) &&
        json_is_string(action, "stop"))
        record_disk_stop(data.at, data.length);
}

/* QEMU identifies the agent's port by the ID of its device. Events in quick succession are delivered late. */
static void take_port_change(struct span event)
{
    struct span data, value, timestamp, seconds, microseconds;
    if (!json_member(event, "data", &data) || !json_is_object(data) || !json_member(data, "id", &value) ||
        !json_is_string(value, "agent") || !json_member(data, "open", &value))
        return;
    if (!json_member(event, "timestamp", &timestamp) || !json_is_object(timestamp) ||
        !json_member(timestamp, "seconds", &seconds) || !json_member(timestamp, "microseconds", &microseconds))
        return;
    int64_t time = strtoll(seconds.at, NULL, 10) * 1000 + strtoll(microseconds.at, NULL, 10) / 1000;
    switchboard_port_changed(value.at[0] == 't', time);
}

/* QEMU may report up to a second later that the restored agent has its port open. */
static void take_job_change(struct span event)
{
    static const char prefix[] = "\"vmlet-snapshot-load-";
    struct span data, id, status;
    if (json_member(event, "data", &data) && json_is_object(data) && json_member(data, "id", &id) &&
        id.length >= sizeof prefix && memcmp(id.at, prefix, sizeof prefix - 1) == 0 &&
        json_member(data, "status", &status) && json_is_string(status, "concluded"))
        switchboard_memory_loaded();
}

static void negotiated(void)
{
    monitor.negotiated = true;
    qemu_answers();
    report("negotiated");
    /* Assumed for a QEMU that does not report its state. */
    if (starts_paused)
        record_state("prelaunch");
    else
        request(CONT);
    ask_status();
}

static void failed(enum command command, struct span error)
{
    char data[1024];
    struct text text = {.at = data, .size = sizeof data};
    const char *words = error.length < 512 ? error.at : "null";
    int length = error.length < 512 ? (int)error.length : 4;
    const char *name = command ? commands[command] : "null";
    text_print(&text, "{\"command\":%.*s,\"error\":%.*s}", (int)strcspn(name, ","), name, length, words);
    events_add("VMLET_COMMAND_FAILED", data);
    if (command != CAPABILITIES && command != CONT)
        return;
    report("failed QEMU refused %.*s: %.*s", (int)strcspn(name, ","), name, length, words);
    qemu_signal(SIGTERM);
}

static void take_reply(struct span reply)
{
    struct span id, value, status;
    enum command command = NO_COMMAND;
    if (json_member(reply, "id", &id) && id.length == 1 && id.at[0] > '0' && id.at[0] < '0' + COMMANDS)
        command = (enum command)(id.at[0] - '0');
    if (command == QUIT)
        quit_answer_until = INT64_MAX;
    if (json_member(reply, "error", &value))
        failed(command, value);
    else if (!json_member(reply, "return", &value))
        return;
    else if (command == CAPABILITIES && !monitor.negotiated)
        negotiated();
    else if (command == STATUS && json_member(value, "status", &status))
        update_state(status);
    if (command != STATUS)
        return;
    asked_status = false;
    if (ask_status_again)
        ask_status();
    ask_status_again = false;
}

static void take_line(char *at, size_t length)
{
    struct span object = {at, length}, name;
    if (length > 0 && at[length - 1] == '\r')
        object.length--;
    if (object.length == 0)
        return;
    if (!json_is_object(object)) {
        note_text("the monitor", "ignored a line that is not a JSON object");
        return;
    }
    if (!json_member(object, "event", &name)) {
        take_reply(object);
        return;
    }
    bool asks = changes_state(name), resumed = json_is_string(name, "RESUME");
    bool connected = json_is_string(name, "NETDEV_STREAM_CONNECTED");
    if (json_is_string(name, "SHUTDOWN"))
        ends = true;
    /* QEMU was configured to pause instead of exiting. */
    if (json_is_string(name, "STOP"))
        ends = false;
    if (json_is_string(name, "BLOCK_IO_ERROR"))
        take_disk_error(object);
    if (resumed)
        record_disk_stop(NULL, 0);
    bool port_changed = json_is_string(name, "VSERPORT_CHANGE");
    events_take(name, at, object.length);
    if (port_changed)
        take_port_change(object);
    if (json_is_string(name, "JOB_STATUS_CHANGE"))
        take_job_change(object);
    /* A new passt learns the guest's address from its frames, and an idle guest sends none. */
    if (connected)
        request(ANNOUNCE);
    if (resumed)
        runs();
    if (asks)
        ask_status();
}

static void take_bytes(size_t count)
{
    char *start = line, *unseen = line + line_length, *end = unseen + count;
    for (char *newline; (newline = memchr(unseen, '\n', (size_t)(end - unseen))); unseen = start = newline + 1) {
        if (!skipping)
            take_line(start, (size_t)(newline - start));
        skipping = false;
    }
    bool was_long = end - line > PIECE;
    line_length = skipping ? 0 : (size_t)(end - start);
    memmove(line, start, line_length);
    if (line_length == sizeof line) {
        note_text("the monitor", "ignored a line of more than 1 MiB");
        skipping = true;
        line_length = 0;
    }
    if (was_long && line_length == 0)
        madvise(line, sizeof line, MADV_DONTNEED);
}

static void lose_connection(void)
{
    watch_close(&connection);
    requests_length = 0;
    if (quit_answer_until != INT64_MAX)
        quit_answer_until = now_ms();
}

/* False when there is nothing to read now. */
static bool read_some(void)
{
    size_t room = sizeof line - line_length;
    ssize_t count = recv(connection.fd, line + line_length, room < PIECE ? room : PIECE, MSG_DONTWAIT);
    if (count > 0)
        take_bytes((size_t)count);
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        lose_connection();
    else
        connection.readable = errno == EINTR;
    return count > 0;
}

static void write_some(void)
{
    if (requests_length == 0)
        return;
    ssize_t count = send(connection.fd, requests, requests_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0)
        return;
    requests_length -= (size_t)count;
    memmove(requests, requests + count, requests_length);
}

void monitor_start(int fd, bool paused)
{
    if (!watch_open(&connection, fd))
        note("cannot watch the monitor");
    starts_paused = paused;
    request(CAPABILITIES);
}

void monitor_prepare(void)
{
    loop_wake_at(quit_answer_until);
}

bool monitor_act(void)
{
    bool more = connection.readable && read_some();
    if (quit_answer_until <= now_ms()) {
        quit_answer_until = INT64_MAX;
        qemu_signal(SIGTERM);
    }
    if (connection.fd >= 0)
        write_some();
    return more;
}

void monitor_finish(void)
{
    while (connection.fd >= 0 && read_some())
        continue;
    lose_connection();
    quit_answer_until = INT64_MAX;
}

void monitor_press_power_button(void)
{
    request(POWERDOWN);
}

void monitor_quit(void)
{
    if (!monitor.negotiated || connection.fd < 0) {
        qemu_signal(SIGTERM);
        return;
    }
    request(QUIT);
    quit_answer_until = now_ms() + ANSWER_MS;
}
