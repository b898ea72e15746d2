#include "client.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Not available for content, so that a request is answered even if its client is slow to read. */
    RESERVE = 2048,
};

struct client *clients[CLIENTS_MAX];

static struct client **free_place(void)
{
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (!clients[place])
            return &clients[place];
    return NULL;
}

bool clients_have_room(void) { return free_place() != NULL; }

bool client_open(int fd)
{
    struct client **place = free_place();
    if (!place)
        errno = EAGAIN;
    /* Mapped instead of allocated on the heap: most of it is never touched, and all of it is returned. */
    struct client *client =
        place ? mmap(NULL, sizeof *client, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
    if (client == MAP_FAILED) {
        int reason = errno;
        close(fd);
        errno = reason;
        return false;
    }
    if (watch_open(&client->watch, fd)) {
        *place = client;
        return true;
    }
    int reason = errno;
    munmap(client, sizeof *client);
    errno = reason;
    return false;
}

void client_close(unsigned place)
{
    struct client *client = clients[place];
    clients[place] = NULL;
    watch_close(&client->watch);
    free(client->request);
    munmap(client, sizeof *client);
}

bool client_read(struct client *client)
{
    if (client->watch.fd < 0 || !client->watch.readable)
        return false;
    if (client->input_start > 0) {
        memmove(client->input, client->input + client->input_start, client->input_end - client->input_start);
        client->input_end -= client->input_start;
        client->input_start = 0;
    }
    size_t room = sizeof client->input - client->input_end;
    if (room == 0)
        return false;
    ssize_t count = recv(client->watch.fd, client->input + client->input_end, room, 0);
    if (count > 0)
        client->input_end += (size_t)count;
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        watch_close(&client->watch);
    else
        client->watch.readable = errno == EINTR;
    return count > 0;
}

enum frame_verdict client_peek(struct client *client, struct frame *frame)
{
    while (client->input_start < client->input_end && client->input[client->input_start] == 0)
        client->input_start++;
    const uint8_t *at = client->input + client->input_start;
    size_t length = client->input_end - client->input_start;
    if (length == 0)
        return FRAME_PARTIAL;
    enum frame_verdict verdict = frame_read(at, length, frame);
    if (verdict == FRAME_INVALID)
        client->input_start += frame_skip(at, length);
    return verdict;
}

void client_take(struct client *client, const struct frame *frame)
{
    client->input_start += HEADER_SIZE + frame->length;
}

static size_t room_of(const struct client *client)
{
    return sizeof client->output - (client->output_end - client->output_start);
}

bool client_offer(struct client *client, uint8_t type, uint8_t flag, uint32_t channel, const void *payload, uint32_t length)
{
    size_t needed = HEADER_SIZE + length;
    if (client->watch.fd < 0 || room_of(client) < needed + (type == FRAME_DATA ? RESERVE : 0))
        return false;
    if (sizeof client->output - client->output_end < needed) {
        memmove(client->output, client->output + client->output_start, client->output_end - client->output_start);
        client->output_end -= client->output_start;
        client->output_start = 0;
    }
    uint8_t *at = client->output + client->output_end;
    frame_write_header(at, type, flag, channel, length);
    if (length > 0)
        memcpy(at + HEADER_SIZE, payload, length);
    client->output_end += needed;
    return true;
}

bool client_has_room(const struct client *client) { return room_of(client) >= RESERVE / 2; }

bool client_drained(const struct client *client) { return client->output_start == client->output_end; }

bool client_write(struct client *client)
{
    bool progress = false;
    while (client->watch.writable && !client_drained(client)) {
        size_t length = client->output_end - client->output_start;
        ssize_t count = send(client->watch.fd, client->output + client->output_start, length, MSG_NOSIGNAL);
        if (count <= 0) {
            /* A client that has left is noticed by reading. */
            client->watch.writable = count < 0 && errno == EINTR;
            break;
        }
        client->output_start += (size_t)count;
        progress = true;
    }
    if (client_drained(client))
        client->output_start = client->output_end = 0;
    return progress;
}
