#include "record.h"
#include "events.h"
#include "failed_mounts.h"
#include "file.h"
#include "forwards.h"
#include "helper.h"
#include "identity.h"
#include "loop.h"
#include "note.h"
#include "qemu.h"
#include "text.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTENT_MAX = 256 * 1024, DISK_STOP_MAX = 1024, RETRY_MS = 5000 };

static const char *run_path, *end_path;
static char run_state[RECORD_STATE_MAX] = "starting";
static char disk_stop[DISK_STOP_MAX] = "null";
static struct identity keeper;
static int64_t started_at;
static bool is_current;
static int64_t retry_at;
static char content[CONTENT_MAX];

static void print_identity(struct text *text, const struct identity *identity)
{
    if (identity->pid)
        text_print(text, "{\"pid\":%d,\"startTime\":%llu}", (int)identity->pid, identity->start_time);
    else
        text_print(text, "null");
}

static bool write_run(void)
{
    struct text text = {.at = content, .size = sizeof content};
    const char *separator = "";
    text_print(&text, "{\"version\":1,\"bootId\":\"%s\",\"keeper\":", identity_boot());
    print_identity(&text, &keeper);
    text_print(&text, ",\"qemu\":");
    print_identity(&text, &qemu.process);
    text_print(&text, ",\"helpers\":{");
    for (unsigned index = 0; index < helper_count; index++) {
        if (!helpers[index].service.process.pid)
            continue;
        text_print(&text, "%s\"%s\":", separator, helpers[index].name);
        print_identity(&text, &helpers[index].service.process);
        separator = ",";
    }
    forwards_print(&text, separator);
    text_print(&text, "},\"state\":\"%s\",\"diskStop\":%s,\"failedMounts\":", run_state, disk_stop);
    failed_mounts_print(&text);
    text_print(&text, ",\"startedAt\":%lld}\n", (long long)started_at);
    return file_exchange(run_path, content, text.length);
}

bool record_start(const char *run, const char *end)
{
    run_path = run;
    end_path = end;
    keeper = identity_of(getpid());
    started_at = wall_ms();
    return file_keep_spare(run) && (is_current = write_run());
}

void record_state(const char *state)
{
    if (strcmp(run_state, state) == 0)
        return;
    snprintf(run_state, sizeof run_state, "%s", state);
    record_changed();
}

void record_disk_stop(const char *data, size_t length)
{
    char now[DISK_STOP_MAX] = "null";
    /* QEMU's data has 200 bytes. */
    if (data && length < sizeof now)
        snprintf(now, sizeof now, "%.*s", (int)length, data);
    if (strcmp(disk_stop, now) == 0)
        return;
    memcpy(disk_stop, now, sizeof now);
    record_changed();
}

void record_changed(void)
{
    is_current = false;
}

void record_act(void)
{
    if (is_current)
        return;
    if (retry_at <= now_ms()) {
        is_current = write_run();
        retry_at = is_current ? 0 : now_ms() + RETRY_MS;
        if (!is_current)
            note(run_path);
    }
    if (!is_current)
        loop_wake_at(retry_at);
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

void record_end(bool negotiated, const char *fatal_state, const char *command)
{
    struct text text = {.at = content, .size = sizeof content};
    text_print(&text, "{\"version\":1,\"startedAt\":%lld,\"endedAt\":%lld", (long long)started_at,
               (long long)wall_ms());
    print_number(&text, "exitCode", WIFEXITED(qemu.status), WEXITSTATUS(qemu.status));
    print_number(&text, "signal", WIFSIGNALED(qemu.status), WTERMSIG(qemu.status));
    print_number(&text, "sentSignal", qemu.sent_signal != 0, qemu.sent_signal);
    text_print(&text, ",\"negotiated\":%s,\"fatalRunState\":", negotiated ? "true" : "false");
    text_print(&text, fatal_state ? "\"%s\"" : "null", fatal_state);
    print_loss(&text);
    text_print(&text, ",\"command\":%s,\"events\":[", command);
    events_print_life(&text);
    text_print(&text, "]}\n");
    bool written = file_replace(end_path, content, text.length);
    record_remove();
    /* After the removals, a full disk has space for one small file. */
    if (!written && !file_replace(end_path, content, text.length))
        note(end_path);
}

void record_remove(void)
{
    file_drop_spare(run_path);
    if (unlink(run_path) < 0)
        note(run_path);
}
