#include "bytes.h"
#include "channel.h"
#include "files.h"
#include "freshness.h"
#include "port.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct pull {
    struct channel channel;
    int fd;
    uint32_t credit;
    const char *subject;
};

static void fail_pull(struct pull *pull, int reason)
{
    channel_fail(pull->channel.id, PHASE_FILE, reason, pull->subject);
    pull->channel.finished = true;
}

static bool pull_receive(struct channel *channel, const struct frame *frame)
{
    struct pull *pull = (struct pull *)channel;
    if (frame->type == FRAME_CANCEL) {
        fail_pull(pull, ECANCELED);
        return true;
    }
    if (frame->type != FRAME_CREDIT || frame->flag != 0 || frame->length != 4)
        return false;
    uint32_t bytes = get_u32(frame->payload);
    if (bytes > WINDOW - pull->credit)
        return false;
    pull->credit += bytes;
    return true;
}

static bool pull_pump(struct channel *channel)
{
    struct pull *pull = (struct pull *)channel;
    uint8_t *room = channel->finished || pull->credit == 0 ? NULL : port_reserve();
    if (!room)
        return false;
    ssize_t count = read(pull->fd, room, pull->credit < PAYLOAD_MAX ? pull->credit : PAYLOAD_MAX);
    if (count > 0) {
        port_commit(FRAME_DATA, 0, channel->id, (uint32_t)count);
        pull->credit -= (uint32_t)count;
    } else if (count == 0) {
        port_send(FRAME_DONE, 0, channel->id, NULL, 0);
        channel->finished = true;
    } else if (errno != EINTR) {
        fail_pull(pull, errno);
    }
    return true;
}

static void pull_discard(struct channel *channel)
{
    struct pull *pull = (struct pull *)channel;
    if (pull->fd >= 0)
        close(pull->fd);
    free(pull);
}

static const struct channel_kind pull_kind = {.receive = pull_receive, .pump = pull_pump, .discard = pull_discard};

/* Opens the file and sends its properties. 0 or an errno. */
static int begin(struct pull *pull, struct field_reader request)
{
    struct field field;
    const char *path = NULL;
    struct stat about;
    if (field_next(&request, &field) && field.tag == FIELD_PATH)
        path = field_text(&field);
    if (!path || path[0] != '/' || request.left > 0)
        return EBADMSG;
    /* As for a command: the host may have changed the file a moment ago. */
    freshness_restore();
    pull->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    /* A socket, or a device without a driver. */
    if (pull->fd < 0 && errno == ENXIO) {
        pull->subject = NOT_REGULAR;
        return EINVAL;
    }
    if (pull->fd < 0 || fstat(pull->fd, &about) < 0)
        return errno;
    if (S_ISDIR(about.st_mode))
        return EISDIR;
    /* Devices and pipes may have no end, or block us and all other commands. */
    if (!S_ISREG(about.st_mode)) {
        pull->subject = NOT_REGULAR;
        return EINVAL;
    }
    struct reply reply = {.length = 0};
    reply_u64(&reply, FIELD_SIZE, (uint64_t)about.st_size);
    reply_u32(&reply, FIELD_MODE, about.st_mode & 07777);
    reply_u64(&reply, FIELD_MTIME, (uint64_t)about.st_mtim.tv_sec * 1000000000u + (uint64_t)about.st_mtim.tv_nsec);
    port_send_reply(FRAME_STARTED, pull->channel.id, &reply);
    return 0;
}

void pull_start(uint32_t channel, struct field_reader request)
{
    struct pull *pull = calloc(1, sizeof *pull);
    if (!pull) {
        channel_fail(channel, PHASE_RESOURCES, ENOMEM, NULL);
        return;
    }
    pull->channel = (struct channel){.id = channel, .kind = &pull_kind};
    pull->fd = -1;
    pull->credit = WINDOW;
    if (!channel_add(&pull->channel)) {
        free(pull);
        channel_fail(channel, PHASE_RESOURCES, EAGAIN, NULL);
        return;
    }
    int reason = begin(pull, request);
    if (reason)
        fail_pull(pull, reason);
}
