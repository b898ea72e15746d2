#include "capture.h"
#include "octets.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAITING_MAX = 4 * 1024 * 1024, LINK_TYPE_ETHERNET = 1, SNAPSHOT_LENGTH = 262144 };

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, precision;
    uint32_t snapshot_length, link_type;
};

struct packet_header {
    uint32_t seconds, microseconds;
    uint32_t recorded_length, length;
};

struct capture *captures[CAPTURES_MAX];
unsigned capture_count;

struct capture *capture_open(const char *name, struct queue *output)
{
    static const struct file_header header = {
        .magic = 0xa1b2c3d4,
        .major = 2,
        .minor = 4,
        .snapshot_length = SNAPSHOT_LENGTH,
        .link_type = LINK_TYPE_ETHERNET,
    };
    static unsigned last_id;
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture || !queue_put(output, &header, sizeof header)) {
        free(capture);
        return NULL;
    }
    capture->id = ++last_id;
    capture->output = output;
    strncpy(capture->name, name, sizeof capture->name - 1);
    captures[capture_count++] = capture;
    return capture;
}

void capture_close(struct capture *capture)
{
    unsigned index = 0;
    while (captures[index] != capture)
        index++;
    memmove(&captures[index], &captures[index + 1], (--capture_count - index) * sizeof *captures);
    free(capture);
}

static void record(struct capture *capture, const uint8_t *frame, size_t length)
{
    struct timespec now;
    struct packet_header header;
    clock_gettime(CLOCK_REALTIME, &now);
    header.seconds = (uint32_t)now.tv_sec;
    header.microseconds = (uint32_t)(now.tv_nsec / 1000);
    header.recorded_length = header.length = (uint32_t)(length - LENGTH_SIZE);
    struct queue *output = capture->output;
    if (output->length + sizeof header + header.length > WAITING_MAX || !queue_put(output, &header, sizeof header)) {
        capture->lost++;
        return;
    }
    if (!queue_put(output, frame + LENGTH_SIZE, header.length)) {
        output->length -= sizeof header;
        capture->lost++;
        return;
    }
    capture->packets++;
}

void captures_record(const char *from, const uint8_t *frame, size_t length)
{
    for (unsigned index = 0; index < capture_count; index++)
        if (!*captures[index]->name || strcmp(captures[index]->name, from) == 0)
            record(captures[index], frame, length);
}

void captures_record_delivery(const char *from, const char *to, const uint8_t *frame, size_t length)
{
    for (unsigned index = 0; index < capture_count; index++)
        if (strcmp(captures[index]->name, to) == 0 && strcmp(captures[index]->name, from) != 0)
            record(captures[index], frame, length);
}
