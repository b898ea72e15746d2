#include "mounts.h"
#include "channel.h"
#include "events.h"
#include "fields.h"
#include "note.h"
#include "port.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *path;
static uint8_t request[PAYLOAD_MAX];
static size_t length;

/* Stands for the keeper itself among the owners of channels. */
static struct client self;
static struct channel *channel;
static bool due;

static int digit_of(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = character ? strchr(digits, character) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Nothing changes on failure. */
static bool read_request(void)
{
    static uint8_t fresh[sizeof request];
    char text[2 * sizeof request];
    size_t fresh_length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    errno = reason;
    if (count < 0)
        return false;
    errno = EINVAL;
    if (count % 2 != 0)
        return false;
    for (ssize_t index = 0; index < count; index += 2) {
        int high = digit_of(text[index]), low = digit_of(text[index + 1]);
        if (high < 0 || low < 0)
            return false;
        fresh[fresh_length++] = (uint8_t)(high << 4 | low);
    }
    memcpy(request, fresh, fresh_length);
    length = fresh_length;
    return true;
}

bool mounts_read(const char *file)
{
    path = file;
    return read_request();
}

void mounts_begin(void)
{
    /* The channels of the last session are gone. */
    channel = NULL;
    self.channels = 0;
    /* The launcher replaces the file when it changes the machine: the guest then learns that at its next boot too. */
    if (path && !read_request())
        note(path);
    due = length > 0;
}

bool mounts_are_pending(void) { return due || channel; }

static void report_failure(const struct notice *notice)
{
    struct field_reader reader = {.at = notice->payload, .left = notice->length};
    struct field field;
    uint32_t reason = 0;
    char data[64];
    while (field_next(&reader, &field))
        if (field.tag == FIELD_ERRNO && !field_u32(&field, &reason))
            reason = EIO;
    snprintf(data, sizeof data, "{\"errno\":%u}", (unsigned)reason);
    events_add("VMLET_MOUNT_FAILED", data);
}

static bool send_request(void)
{
    if (!port_has_room())
        return false;
    due = false;
    channel = channel_open(&self, 1, request, length);
    if (!channel)
        return true;
    port_offer(FRAME_REQUEST, 0, channel->id, request, (uint32_t)length);
    channel->begun = true;
    return true;
}

bool mounts_pump(void)
{
    if (due)
        return send_request();
    if (!channel || !channel->last.type)
        return false;
    if (channel->last.type == FRAME_FAILED)
        report_failure(&channel->last);
    channel->last.told = true;
    channel_settle(channel);
    channel = NULL;
    return true;
}
