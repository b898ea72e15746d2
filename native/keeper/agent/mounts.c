#include "mounts.h"
#include "agent.h"
#include "channel.h"
#include "events.h"
#include "failed_mounts.h"
#include "loop.h"
#include "note.h"
#include "record.h"
#include <errno.h>
#include <stdio.h>

static const char *path;
/* Stands for the keeper itself among the owners of channels. */
static struct client self;
static struct channel *channel;
/* The part that is sent next or, with a channel, that the agent works on. */
static unsigned current;
static bool only_failed;
/* A mount that cannot succeed may take the agent seconds, for which each client would wait. */
enum { LONG_ATTEMPT_MS = 1000, PAUSE_PER_ATTEMPT = 10 };
static int64_t retry_began, retry_at;

bool mounts_read(const char *file)
{
    path = file;
    return mount_request_read(file) != REQUEST_IS_INVALID;
}

/* The launcher replaces the file when it changes the machine. True for another request. */
static bool read_again(void)
{
    enum request_change change = path ? mount_request_read(path) : REQUEST_IS_SAME;
    if (change == REQUEST_IS_INVALID)
        note(path);
    else if (change == REQUEST_IS_NEW)
        record_changed();
    return change == REQUEST_IS_NEW;
}

void mounts_begin(void)
{
    /* The channels of the last session are gone. */
    channel = NULL;
    self.channels = 0;
    read_again();
    only_failed = false;
    retry_at = 0;
    current = 0;
}

void mounts_retry(void)
{
    bool is_new = read_again();
    retry_began = now_ms();
    if (!is_new && retry_began < retry_at)
        return;
    only_failed = !is_new;
    current = 0;
}

static struct part *part_to_send(void)
{
    struct part *parts = mount_request.parts;
    while (current < mount_request.count && only_failed && !parts[current].reason)
        current++;
    return current < mount_request.count ? &parts[current] : NULL;
}

bool mounts_are_pending(void) { return channel || part_to_send(); }

static void report_failure(const struct part *part)
{
    char data[EVENT_DATA_MAX];
    struct text text = {.at = data, .size = sizeof data};
    failed_mount_print(&text, part);
    events_add(part->path ? "VMLET_MOUNT_FAILED" : "VMLET_CONFIGURE_FAILED", data);
}

static void note_attempt(void)
{
    int64_t now = now_ms(), took = now - retry_began;
    retry_at = took < LONG_ATTEMPT_MS ? now : now + PAUSE_PER_ATTEMPT * took;
}

static void settle(struct part *part, uint8_t phase, uint32_t reason)
{
    bool is_new = part->phase != phase || part->reason != reason;
    part->phase = phase;
    part->reason = reason;
    current++;
    if (only_failed && !part_to_send())
        note_attempt();
    if (reason && (is_new || !only_failed))
        report_failure(part);
    if (!is_new)
        return;
    /* Before clients are answered: they read the record to know what is missing. */
    record_changed();
    record_act();
}

static bool send_part(struct part *part)
{
    static uint8_t body[PAYLOAD_MAX];
    if (!agent_has_room())
        return false;
    size_t length = mount_request_body(part, body);
    channel = channel_open(&self, 1, body, length);
    if (!channel) {
        settle(part, PHASE_RESOURCES, EAGAIN);
        return true;
    }
    agent_offer(FRAME_REQUEST, 0, channel->id, body, (uint32_t)length);
    channel->begun = true;
    return true;
}

static void take_failure(struct part *part, const struct notice *notice)
{
    uint32_t reason;
    uint8_t phase;
    notice_read_failure(notice, &phase, &reason);
    settle(part, phase, reason);
}

bool mounts_pump(void)
{
    struct part *part = channel ? &mount_request.parts[current] : part_to_send();
    if (!part)
        return false;
    if (!channel)
        return send_part(part);
    if (!channel->last.type)
        return false;
    if (channel->last.type == FRAME_FAILED)
        take_failure(part, &channel->last);
    else
        settle(part, 0, 0);
    channel->last.told = true;
    channel_settle(channel);
    channel = NULL;
    return true;
}
