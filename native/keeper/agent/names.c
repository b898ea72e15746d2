#include "names.h"
#include "agent.h"
#include "bytes.h"
#include "channel.h"
#include "events.h"
#include "note.h"
#include "request.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path;
/* Stands for the keeper itself among the owners of channels. */
static struct client self;
static struct channel *channel;
/* The request until it is sent; NULL for none. */
static uint8_t *request;
static size_t request_length;

/* The field of the operation, and the header of that of the text. */
enum { OPERATION_LENGTH = 5, HEADER_LENGTH = OPERATION_LENGTH + 4 };

void names_prepare(const char *file) { path = file; }

/* Reads the text into the request, behind the headers. False, errno set. */
static bool read_text(int fd)
{
    struct stat status;
    ssize_t count = 0;
    if (fstat(fd, &status) < 0)
        return false;
    errno = EFBIG;
    /* A NUL ends the text. */
    if (status.st_size >= REQUEST_MAX - HEADER_LENGTH)
        return false;
    size_t size = (size_t)status.st_size;
    request = malloc(HEADER_LENGTH + size + 1);
    if (!request)
        return false;
    request_length = HEADER_LENGTH;
    /* The launcher replaces the file, and never changes it. */
    while (request_length < HEADER_LENGTH + size &&
           (count = read(fd, request + request_length, HEADER_LENGTH + size - request_length)) > 0)
        request_length += (size_t)count;
    request[request_length++] = 0;
    return count >= 0;
}

static void write_headers(void)
{
    put_u32(request, FIELD_OPERATION | 1 << 8);
    request[OPERATION_LENGTH - 1] = OPERATION_CONFIGURE;
    put_u32(request + OPERATION_LENGTH, FIELD_HOSTS | (uint32_t)(request_length - HEADER_LENGTH) << 8);
}

static void drop_request(void)
{
    free(request);
    request = NULL;
}

void names_begin(void)
{
    /* The channels of the last session are gone. */
    channel = NULL;
    self.channels = 0;
    drop_request();
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        if (path && errno != ENOENT)
            note(path);
        return;
    }
    if (read_text(fd)) {
        write_headers();
    } else {
        note(path);
        drop_request();
    }
    close(fd);
}

bool names_are_pending(void) { return channel || request; }

static void report_failure(uint8_t phase, uint32_t reason)
{
    char data[EVENT_DATA_MAX];
    struct text text = {.at = data, .size = sizeof data};
    text_print(&text, "{\"phase\":%u,\"errno\":%u}", phase, (unsigned)reason);
    events_add("VMLET_NAMES_FAILED", data);
}

static bool send_request(void)
{
    if (!agent_has_room())
        return false;
    channel = channel_open(&self, 1, request, request_length);
    if (channel) {
        request_send(channel, request, request_length);
        request = NULL;
        return true;
    }
    report_failure(PHASE_RESOURCES, EAGAIN);
    drop_request();
    return true;
}

bool names_pump(void)
{
    if (!channel)
        return request && send_request();
    if (!channel->last.type)
        return false;
    if (channel->last.type == FRAME_FAILED) {
        uint32_t reason;
        uint8_t phase;
        notice_read_failure(&channel->last, &phase, &reason);
        report_failure(phase, reason);
    }
    channel->last.told = true;
    channel_settle(channel);
    channel = NULL;
    return true;
}
