#include "bytes.h"
#include "channel.h"
#include "files.h"
#include "port.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_MODE = 0644, GRANT = WINDOW / 4 };

struct push {
    struct channel channel;
    int fd;
    /* Temporary file for the content until it is complete, and its final path. */
    char temporary[PATH_MAX];
    char target[PATH_MAX];
    uint32_t mode, flags;
    uint64_t mtime;
    bool has_mode, has_mtime;
    uint32_t owed;
    const char *subject;
};

static void fail_push(struct push *push, int reason)
{
    channel_fail(push->channel.id, PHASE_FILE, reason, push->subject);
    push->channel.finished = true;
}

/* Creates the folders above `path`. 0 or an errno. */
static int make_parents(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
            return errno;
        *slash = '/';
    }
    return 0;
}

/* A symbolic link is kept: its target is replaced, or created if it is missing. */
static void follow_links(struct push *push)
{
    char path[PATH_MAX], link[PATH_MAX];
    /* Ends: a loop of links is ELOOP. */
    while (!realpath(push->target, path)) {
        ssize_t length = errno == ENOENT ? readlink(push->target, link, sizeof link - 1) : -1;
        if (length < 0)
            return;
        link[length] = 0;
        int folder = link[0] == '/' ? 0 : (int)(strrchr(push->target, '/') - push->target) + 1;
        if (snprintf(path, sizeof path, "%.*s%s", folder, push->target, link) >= (int)sizeof path)
            return;
        memcpy(push->target, path, sizeof path);
    }
    memcpy(push->target, path, sizeof path);
}

static int open_temporary(struct push *push)
{
    struct stat existing;
    follow_links(push);
    if (stat(push->target, &existing) == 0) {
        if (S_ISDIR(existing.st_mode))
            return EISDIR;
        if (!S_ISREG(existing.st_mode)) {
            push->subject = NOT_REGULAR;
            return EINVAL;
        }
        if (!push->has_mode)
            push->mode = existing.st_mode & 07777;
    } else if (errno == ELOOP) {
        return ELOOP;
    }
    if (push->flags & PUSH_PARENTS) {
        int reason = make_parents(push->target);
        if (reason)
            return reason;
    }
    const char *slash = strrchr(push->target, '/');
    int folder = slash ? (int)(slash - push->target) + 1 : 0;
    int length = snprintf(push->temporary, sizeof push->temporary, "%.*s.vmlet-XXXXXX", folder, push->target);
    if (length < 0 || (size_t)length >= sizeof push->temporary)
        return ENAMETOOLONG;
    /* Random: a kill leaves its file, and other guests have the same process ID in the same shared directory. */
    push->fd = mkostemp(push->temporary, O_CLOEXEC);
    if (push->fd >= 0)
        return 0;
    int reason = errno;
    push->temporary[0] = 0;
    return reason;
}

static bool push_data(struct push *push, const struct frame *frame)
{
    if (push->owed + frame->length > WINDOW)
        return false;
    for (uint32_t written = 0; written < frame->length;) {
        ssize_t count = write(push->fd, frame->payload + written, frame->length - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            fail_push(push, errno);
            return true;
        }
        written += (uint32_t)count;
    }
    push->owed += frame->length;
    if (push->owed >= GRANT) {
        uint8_t bytes[4];
        put_u32(bytes, push->owed);
        push->owed = 0;
        port_send(FRAME_CREDIT, 0, push->channel.id, bytes, sizeof bytes);
    }
    return true;
}

static int complete(struct push *push)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)(push->mtime / 1000000000u), .tv_nsec = (long)(push->mtime % 1000000000u)}};
    if (fchmod(push->fd, push->mode) < 0 || (push->has_mtime && futimens(push->fd, times) < 0))
        return errno;
    int fd = push->fd;
    push->fd = -1;
    if (close(fd) < 0 || rename(push->temporary, push->target) < 0)
        return errno;
    push->temporary[0] = 0;
    return 0;
}

static bool push_receive(struct channel *channel, const struct frame *frame)
{
    struct push *push = (struct push *)channel;
    if (frame->type == FRAME_DATA && frame->flag == 0)
        return push_data(push, frame);
    if (frame->type == FRAME_CANCEL) {
        fail_push(push, ECANCELED);
        return true;
    }
    if (frame->type != FRAME_END || frame->flag != 0)
        return false;
    int reason = complete(push);
    if (reason) {
        fail_push(push, reason);
    } else {
        port_send(FRAME_DONE, 0, channel->id, NULL, 0);
        channel->finished = true;
    }
    return true;
}

static bool push_pump(struct channel *channel)
{
    (void)channel;
    return false;
}

static void push_discard(struct channel *channel)
{
    struct push *push = (struct push *)channel;
    if (push->fd >= 0)
        close(push->fd);
    if (push->temporary[0])
        unlink(push->temporary);
    free(push);
}

static const struct channel_kind push_kind = {.receive = push_receive, .pump = push_pump, .discard = push_discard};

static bool read_fields(struct push *push, struct field_reader reader)
{
    bool good = true;
    for (struct field field; good && field_next(&reader, &field);) {
        const char *text = field_text(&field);
        if (field.tag == FIELD_PATH)
            good = text && snprintf(push->target, sizeof push->target, "%s", text) < (int)sizeof push->target;
        else if (field.tag == FIELD_MODE)
            good = push->has_mode = field_u32(&field, &push->mode) && push->mode <= 07777;
        else if (field.tag == FIELD_MTIME)
            good = push->has_mtime = field_u64(&field, &push->mtime);
        else if (field.tag == FIELD_FLAGS)
            good = field_u32(&field, &push->flags);
        else
            good = false;
    }
    return good && !reader.malformed && push->target[0] == '/';
}

void push_start(uint32_t channel, struct field_reader request)
{
    struct push *push = calloc(1, sizeof *push);
    if (!push) {
        channel_fail(channel, PHASE_RESOURCES, ENOMEM, NULL);
        return;
    }
    push->channel = (struct channel){.id = channel, .kind = &push_kind};
    push->fd = -1;
    push->mode = DEFAULT_MODE;
    if (!channel_add(&push->channel)) {
        free(push);
        channel_fail(channel, PHASE_RESOURCES, EAGAIN, NULL);
        return;
    }
    int reason = read_fields(push, request) ? open_temporary(push) : EBADMSG;
    if (reason)
        fail_push(push, reason);
}
