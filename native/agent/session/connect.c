#include "connect.h"
#include "bytes.h"
#include "channel.h"
#include "port.h"
#include "stream.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* After the end of the output, for a client that sends nothing and does not end either. A server that has only ended its
 * output may still read; one that has closed looks the same until we write to it. */
enum { CLIENT_MS = 60000 };

/* A server listens on 127.0.0.1 or on ::1, mostly on both. */
static const int families[] = {AF_INET, AF_INET6};
enum { FAMILIES = sizeof families / sizeof *families };

struct tunnel {
    struct channel channel;
    uint16_t port;
    /* Index of the family that is tried, and its socket until it is connected. */
    unsigned family;
    struct watch connecting;
    struct drain input;
    struct source output;
    bool input_is_shut;
    /* 0 until the output has ended, and again with each byte of the input. */
    int64_t input_deadline;
};

static int start_connecting(struct tunnel *tunnel)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(tunnel->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(tunnel->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool is_four = families[tunnel->family] == AF_INET;
    int fd = socket(families[tunnel->family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int result = is_four ? connect(fd, (struct sockaddr *)&four, sizeof four) : connect(fd, (struct sockaddr *)&six, sizeof six);
    if (result < 0 && errno != EINPROGRESS) {
        int reason = errno;
        close(fd);
        return reason;
    }
    return watch_open(&tunnel->connecting, fd) ? 0 : errno;
}

static void fail_tunnel(struct tunnel *tunnel, int reason)
{
    channel_fail(tunnel->channel.id, PHASE_SYSTEM, reason, NULL);
    tunnel->channel.finished = true;
}

/* Tries the next family. That no server listens says more than that the guest has no IPv6. */
static void start_next(struct tunnel *tunnel, int reason)
{
    bool was_refused = reason == ECONNREFUSED;
    while (reason && ++tunnel->family < FAMILIES)
        reason = start_connecting(tunnel);
    if (reason && was_refused)
        reason = ECONNREFUSED;
    if (reason)
        fail_tunnel(tunnel, reason);
}

/* Each direction has a descriptor of its own, which it closes. */
static bool open_streams(struct tunnel *tunnel)
{
    int fd = fcntl(tunnel->connecting.fd, F_DUPFD_CLOEXEC, 3);
    int other = fcntl(tunnel->connecting.fd, F_DUPFD_CLOEXEC, 3);
    watch_close(&tunnel->connecting);
    bool opened = fd >= 0 && source_open(&tunnel->output, fd, STREAM_OUTPUT, false);
    if (other >= 0)
        opened &= drain_open(&tunnel->input, other, false);
    return opened && other >= 0;
}

static void finish_connecting(struct tunnel *tunnel)
{
    int reason = 0;
    socklen_t size = sizeof reason;
    if (getsockopt(tunnel->connecting.fd, SOL_SOCKET, SO_ERROR, &reason, &size) < 0)
        reason = errno;
    if (reason) {
        watch_close(&tunnel->connecting);
        start_next(tunnel, reason);
        return;
    }
    if (!open_streams(tunnel)) {
        fail_tunnel(tunnel, errno);
        return;
    }
    uint8_t pid[4] = {0};
    port_send(FRAME_STARTED, 0, tunnel->channel.id, pid, sizeof pid);
}

static void end_tunnel(struct tunnel *tunnel)
{
    uint8_t payload[2] = {0, 0};
    port_send(FRAME_EXIT, 0, tunnel->channel.id, payload, sizeof payload);
    tunnel->channel.finished = true;
}

static void limit_input(struct tunnel *tunnel, bool progress)
{
    if (progress || tunnel->input_deadline == 0)
        tunnel->input_deadline = now_ms() + CLIENT_MS;
    if (tunnel->input_deadline <= now_ms())
        end_tunnel(tunnel);
    else
        loop_wake_at(tunnel->input_deadline);
}

static bool tunnel_pump(struct channel *channel)
{
    struct tunnel *tunnel = (struct tunnel *)channel;
    if (channel->finished)
        return false;
    if (tunnel->connecting.fd >= 0) {
        if (!tunnel->connecting.writable)
            return false;
        finish_connecting(tunnel);
        return true;
    }
    bool progress = drain_pump(&tunnel->input, channel->id);
    /* The server sees the end of its input, and may still answer. */
    if (!tunnel->input.open && !tunnel->input_is_shut && tunnel->output.open) {
        tunnel->input_is_shut = true;
        shutdown(tunnel->output.watch.fd, SHUT_WR);
    }
    progress |= source_pump(&tunnel->output, channel->id);
    if (!tunnel->output.open && !tunnel->input.open)
        end_tunnel(tunnel);
    else if (!tunnel->output.open)
        limit_input(tunnel, progress);
    return progress;
}

static bool tunnel_receive(struct channel *channel, const struct frame *frame)
{
    struct tunnel *tunnel = (struct tunnel *)channel;
    switch (frame->type) {
    case FRAME_DATA:
        tunnel->input_deadline = 0;
        return frame->flag == STREAM_INPUT && drain_receive(&tunnel->input, frame->payload, frame->length);
    case FRAME_END:
        drain_end(&tunnel->input);
        return frame->flag == STREAM_INPUT;
    case FRAME_CREDIT:
        if (frame->length != 4 || frame->flag != STREAM_OUTPUT)
            return false;
        return !tunnel->output.open || source_grant(&tunnel->output, get_u32(frame->payload));
    case FRAME_SIGNAL:
        /* Any signal ends the connection, as the end of the host's side does for a command. */
        if (frame->length != 1)
            return false;
        if (tunnel->connecting.fd >= 0) {
            fail_tunnel(tunnel, ECANCELED);
            return true;
        }
        if (tunnel->output.open)
            port_send(FRAME_END, STREAM_OUTPUT, channel->id, NULL, 0);
        end_tunnel(tunnel);
        return true;
    default:
        return frame->type == FRAME_RESIZE && frame->length == 4;
    }
}

static void tunnel_discard(struct channel *channel)
{
    struct tunnel *tunnel = (struct tunnel *)channel;
    watch_close(&tunnel->connecting);
    drain_close(&tunnel->input);
    source_close(&tunnel->output);
    free(tunnel);
}

static const struct channel_kind tunnel_kind = {.receive = tunnel_receive, .pump = tunnel_pump, .discard = tunnel_discard};

void connect_start(uint32_t channel, struct field_reader request)
{
    struct field field;
    uint32_t port = 0;
    bool good = field_next(&request, &field) && field.tag == FIELD_PORT && field_u32(&field, &port) && request.left == 0;
    struct tunnel *tunnel = good && port > 0 && port <= UINT16_MAX ? calloc(1, sizeof *tunnel) : NULL;
    if (!tunnel) {
        channel_fail(channel, PHASE_REQUEST, good && port > 0 && port <= UINT16_MAX ? ENOMEM : EBADMSG, NULL);
        return;
    }
    tunnel->channel = (struct channel){.id = channel, .kind = &tunnel_kind};
    tunnel->port = (uint16_t)port;
    tunnel->connecting.fd = -1;
    if (!channel_add(&tunnel->channel)) {
        free(tunnel);
        channel_fail(channel, PHASE_RESOURCES, EAGAIN, NULL);
        return;
    }
    int reason = start_connecting(tunnel);
    if (reason)
        start_next(tunnel, reason);
}
