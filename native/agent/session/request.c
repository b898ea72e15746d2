#include "request.h"
#include "channel.h"
#include "configure.h"
#include "connect.h"
#include "exec.h"
#include "files.h"
#include "power.h"
#include "role.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A request of several frames; no other request may come between them. */
static uint8_t *body;
static size_t body_length;
static uint32_t body_channel;

void request_forget(void)
{
    free(body);
    body = NULL;
    body_length = 0;
    body_channel = 0;
}

static bool changes_the_machine(uint8_t operation)
{
    return operation == OPERATION_CONFIGURE || operation == OPERATION_POWER_OFF || operation == OPERATION_REBOOT ||
           operation == OPERATION_RELEASE;
}

static void start(uint32_t channel, const uint8_t *bytes, size_t length)
{
    struct field_reader reader = {.at = bytes, .left = length};
    struct field field;
    if (!field_next(&reader, &field) || field.tag != FIELD_OPERATION || field.length != 1) {
        channel_fail(channel, PHASE_REQUEST, EBADMSG, NULL);
        return;
    }
    /* With a socket, the agent runs on a user's own machine: it must not change its name, clock or power state. */
    if (agent_role() == ROLE_SOCKET && changes_the_machine(field.value[0])) {
        channel_fail(channel, PHASE_SYSTEM, EPERM, NULL);
        return;
    }
    switch (field.value[0]) {
    case OPERATION_EXEC:
        exec_start(channel, reader);
        break;
    case OPERATION_PUSH:
        push_start(channel, reader);
        break;
    case OPERATION_PULL:
        pull_start(channel, reader);
        break;
    case OPERATION_CONNECT:
        connect_start(channel, reader);
        break;
    case OPERATION_CONFIGURE:
        configure_start(channel, reader);
        break;
    case OPERATION_SYNC:
        sync_start(channel);
        break;
    case OPERATION_RELEASE:
        release_start(channel);
        break;
    case OPERATION_POWER_OFF:
        power_request(channel, POWER_OFF);
        break;
    case OPERATION_REBOOT:
        power_request(channel, POWER_REBOOT);
        break;
    default:
        channel_fail(channel, PHASE_REQUEST, ENOSYS, NULL);
    }
}

bool request_receive(const struct frame *frame)
{
    if (frame->channel == 0 || channel_find(frame->channel) || (body_channel && body_channel != frame->channel))
        return false;
    if (!body_channel && !(frame->flag & FLAG_MORE)) {
        start(frame->channel, frame->payload, frame->length);
        return true;
    }
    if (body_length + frame->length > REQUEST_MAX)
        return false;
    uint8_t *longer = realloc(body, body_length + frame->length + 1);
    if (!longer)
        return false;
    body = longer;
    body_channel = frame->channel;
    memcpy(body + body_length, frame->payload, frame->length);
    body_length += frame->length;
    if (!(frame->flag & FLAG_MORE)) {
        start(frame->channel, body, body_length);
        request_forget();
    }
    return true;
}
