#include "client.h"
#include "addresses.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

struct client *client_open(int fd)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client) {
        close(fd);
        return NULL;
    }
    if (!watch_open(&client->connection, fd)) {
        free(client);
        return NULL;
    }
    client->descriptor = -1;
    client->deadline = now_ms() + PATIENCE_MS;
    return client;
}

void client_close(struct client *client)
{
    if (client->port) {
        addresses_forget(client->port);
        port_close(client->port);
    }
    if (client->capture)
        capture_close(client->capture);
    if (client->descriptor >= 0)
        close(client->descriptor);
    watch_close(&client->connection);
    queue_free(&client->output);
    free(client);
}

/* The kernel closes what does not fit. */
static void keep_descriptor(struct client *client, struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    if (client->descriptor >= 0)
        close(fd);
    else
        client->descriptor = fd;
}

/* Its side is closed. Its pending answer is still sent. */
static void finish(struct client *client)
{
    if (client->state == CLIENT_CAPTURES) {
        capture_close(client->capture);
        client->capture = NULL;
        client->state = CLIENT_IS_ANSWERED;
        client->deadline = now_ms() + PATIENCE_MS;
    } else if (client->state != CLIENT_IS_ANSWERED) {
        client->ended = true;
    }
}

static ssize_t receive(struct client *client, char *bytes, size_t room)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {bytes, room};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t count = recvmsg(client->connection.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count > 0)
        keep_descriptor(client, &message);
    return count;
}

bool client_read(struct client *client)
{
    char discarded[1024];
    while (client->connection.readable && !client->ended) {
        bool asks = client->state == CLIENT_ASKS;
        char *at = asks ? client->line + client->line_length : discarded;
        ssize_t count = receive(client, at, asks ? LINE_SIZE - client->line_length : sizeof discarded);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            client->connection.readable = false;
            if (count == 0 || errno != EAGAIN)
                finish(client);
            return false;
        }
        if (!asks)
            continue;
        client->line_length += (size_t)count;
        char *end = memchr(client->line, '\n', client->line_length);
        if (end) {
            *end = 0;
            return true;
        }
        if (client->line_length == LINE_SIZE)
            client->ended = true;
    }
    return false;
}

void client_flush(struct client *client)
{
    if (!client->ended && !queue_send(&client->output, &client->connection))
        client->ended = true;
    if (client->state == CLIENT_IS_ANSWERED && client->output.length == 0)
        client->ended = true;
}

void client_print(struct client *client, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text || !queue_put(&client->output, text, (size_t)length))
        client->ended = true;
}

void client_answer(struct client *client, const char *json)
{
    client_print(client, "{\"result\":%s}\n", json);
    client->state = CLIENT_IS_ANSWERED;
}

void client_refuse(struct client *client, const char *code, const char *text)
{
    client_print(client, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, text);
    client->state = CLIENT_IS_ANSWERED;
}

void client_refuse_version(struct client *client, unsigned version)
{
    client_print(client,
                 "{\"error\":{\"code\":\"version\",\"message\":\"this switch speaks version %u\",\"version\":%u}}\n",
                 version, version);
    client->state = CLIENT_IS_ANSWERED;
}
