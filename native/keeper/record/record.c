#include "record.h"
#include "events.h"
#include "file.h"
#include "identity.h"
#include "loop.h"
#include "note.h"
#include "text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONTENT_MAX = 256 * 1024, DISK_STOP_MAX = 1024, RETRY_MS = 5000 };

static const char *run_path, *end_path;
static const struct record_parts *parts;
static char run_state[RECORD_STATE_MAX] = "starting";
static char disk_stop[DISK_STOP_MAX] = "null";
static struct identity keeper;
static int64_t started_at;
static bool is_current;
static int64_t retry_at;
static char content[CONTENT_MAX];

static bool write_run(void)
{
    struct text text = {.at = content, .size = sizeof content};
    text_print(&text, "{\"version\":1,\"bootId\":\"%s\",\"keeper\":", identity_boot());
    identity_print(&text, &keeper);
    parts->print_run(&text);
    text_print(&text, ",\"state\":\"%s\",\"diskStop\":%s,\"startedAt\":%lld}\n", run_state, disk_stop,
               (long long)started_at);
    return file_exchange(run_path, content, text.length);
}

bool record_start(const char *run, const char *end, const struct record_parts *of_machine)
{
    run_path = run;
    end_path = end;
    parts = of_machine;
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

void record_end(void)
{
    struct text text = {.at = content, .size = sizeof content};
    text_print(&text, "{\"version\":1,\"startedAt\":%lld,\"endedAt\":%lld", (long long)started_at,
               (long long)wall_ms());
    parts->print_end(&text);
    text_print(&text, ",\"events\":[");
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
