#include "console.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 64,
    BACKLOG_MAX = 1024 * 1024,
    LOG_MAX = 4 * 1024 * 1024,
    CHUNK = 64 * 1024,
    INPUT_MAX = 4096,
    /* So much of one client's input at a time: nobody's typing waits behind somebody's pasting. */
    TURN_MAX = 256,
};

struct client {
    struct watch watch;
    /* How much of `said` it was sent. */
    uint64_t sent;
    bool input_ended;
    /* It is gone; what it sent before may wait here until the guest reads. */
    bool gone;
};

static struct watch guest = {.fd = -1};
static struct listener listener = {.watch.fd = -1};
static struct log serial_log = {.fd = -1};
static struct client clients[CLIENTS_MAX];
static unsigned client_count;

/* The last megabyte for those who are behind; byte N of all that was said is at N modulo its size. */
static _Alignas(4096) char backlog[BACKLOG_MAX];
static uint64_t said;

static char input[INPUT_MAX];
static size_t input_length;

bool console_listen(const char *socket, const char *log, const char **path)
{
    *path = log;
    if (!log_open(&serial_log, log, LOG_MAX, LOG_CONTINUED))
        return false;
    *path = socket;
    return listener_open(&listener, socket);
}

void console_attach(int fd)
{
    guest.fd = fd;
}

static void drop(struct client *client)
{
    watch_close(&client->watch);
    *client = clients[--client_count];
}

static void remember(const char *bytes, size_t length)
{
    size_t at = said % BACKLOG_MAX, first = BACKLOG_MAX - at;
    if (first > length)
        first = length;
    memcpy(backlog + at, bytes, first);
    memcpy(backlog, bytes + first, length - first);
    said += length;
}

/* False when the client is of no use any more. */
static bool send_to(struct client *client)
{
    while (client->sent < said) {
        size_t at = client->sent % BACKLOG_MAX, length = BACKLOG_MAX - at;
        if (length > said - client->sent)
            length = (size_t)(said - client->sent);
        ssize_t count = send(client->watch.fd, backlog + at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == EAGAIN;
        client->sent += (uint64_t)count;
    }
    return true;
}

static void send_to_all(void)
{
    for (unsigned index = client_count; index-- > 0;) {
        struct client *client = &clients[index];
        if (client->gone)
            client->sent = said;
        else if (!send_to(client))
            client->gone = client->input_ended = true;
    }
}

/* Starts the backlog at its beginning again, so that one who is never behind costs a few pages only. */
static void forget_what_all_have(void)
{
    for (unsigned index = 0; index < client_count; index++)
        if (clients[index].sent < said)
            return;
    if (said > CHUNK)
        madvise(backlog, sizeof backlog, MADV_DONTNEED);
    said = 0;
    for (unsigned index = 0; index < client_count; index++)
        clients[index].sent = 0;
}

static void hear(const char *bytes, size_t length)
{
    log_write(&serial_log, bytes, length);
    if (client_count == 0)
        return;
    for (unsigned index = client_count; index-- > 0;)
        if (said + length - clients[index].sent > BACKLOG_MAX)
            drop(&clients[index]);
    remember(bytes, length);
    send_to_all();
    forget_what_all_have();
}

/* False when there is nothing to read now. */
static bool read_guest(void)
{
    static char chunk[CHUNK];
    ssize_t count = recv(guest.fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (count > 0)
        hear(chunk, (size_t)count);
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        watch_close(&guest);
    return count > 0;
}

static void write_guest(void)
{
    if (guest.fd < 0) {
        input_length = 0;
        return;
    }
    ssize_t count = send(guest.fd, input, input_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0)
        return;
    input_length -= (size_t)count;
    memmove(input, input + count, input_length);
}

static void read_client(struct client *client)
{
    size_t room = sizeof input - input_length;
    if (client->input_ended || room == 0)
        return;
    ssize_t count = recv(client->watch.fd, input + input_length, room < TURN_MAX ? room : TURN_MAX, MSG_DONTWAIT);
    if (count > 0)
        input_length += (size_t)count;
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        client->input_ended = true;
}

static void let_in(void)
{
    for (int fd; (fd = listener_accept(&listener, SOCK_NONBLOCK)) >= 0;) {
        for (unsigned index = client_count; client_count == CLIENTS_MAX && index-- > 0;)
            if (clients[index].gone)
                drop(&clients[index]);
        if (client_count == CLIENTS_MAX)
            close(fd);
        else
            clients[client_count++] = (struct client){.watch.fd = fd, .sent = said};
    }
}

void console_prepare(void)
{
    bool room = input_length < sizeof input;
    loop_watch(&guest, input_length > 0 ? POLLIN | POLLOUT : POLLIN);
    listener_prepare(&listener);
    for (unsigned index = 0; index < client_count; index++) {
        struct client *client = &clients[index];
        int wanted = client->input_ended || !room ? 0 : POLLIN;
        if (client->sent < said)
            wanted |= POLLOUT;
        client->watch.happened = 0;
        /* poll tells of a client that is gone again and again, asked or not. */
        if (!client->gone || wanted)
            loop_watch(&client->watch, (short)wanted);
    }
}

void console_act(void)
{
    static unsigned turn;
    if (guest.happened & (POLLIN | POLLHUP | POLLERR))
        read_guest();
    let_in();
    for (unsigned left = client_count; left > 0; left--) {
        struct client *client = &clients[turn++ % client_count];
        if (client->watch.happened & (POLLHUP | POLLERR))
            client->gone = true;
        if (client->watch.happened)
            read_client(client);
    }
    send_to_all();
    for (unsigned index = client_count; index-- > 0;)
        if (clients[index].gone && clients[index].input_ended)
            drop(&clients[index]);
    forget_what_all_have();
    if (input_length > 0)
        write_guest();
}

void console_finish(void)
{
    listener_close(&listener);
    while (guest.fd >= 0 && read_guest())
        continue;
    watch_close(&guest);
}

bool console_drained(void)
{
    for (unsigned index = 0; index < client_count; index++)
        if (clients[index].sent < said)
            return false;
    return true;
}
