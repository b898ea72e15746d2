#include "console.h"
#include "listener.h"
#include "loop.h"
#include "note.h"
#include "timed_log.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 64,
    BACKLOG_MAX = 1024 * 1024,
    LOG_MAX = 4 * 1024 * 1024,
    CHUNK = 64 * 1024,
    INPUT_MAX = 4096,
    /* Maximum input of one client at a time, so that typing does not wait behind another client's paste. */
    TURN_MAX = 256,
};

struct client {
    /* Its descriptor is -1 if there is no client. */
    struct watch watch;
    /* Position in the output up to which the client has been sent everything. */
    uint64_t sent;
    bool input_ended;
    /* The client has left; its last input may wait here until the guest reads. */
    bool gone;
};

static struct watch guest = {.fd = -1};
static struct listener plain = {.watch.fd = -1}, positioned = {.watch.fd = -1};
static struct timed_log serial_log = {.log = {.fd = -1}, .times = {.fd = -1}};
static struct client clients[CLIENTS_MAX];
static unsigned client_count;

/* The last megabyte of output for slow clients; byte N of the output is at N modulo its size. */
static _Alignas(4096) char backlog[BACKLOG_MAX];
static uint64_t said;

static char input[INPUT_MAX];
static size_t input_length;

bool console_listen(const struct console_paths *paths, const char **path)
{
    for (unsigned index = 0; index < CLIENTS_MAX; index++)
        clients[index].watch.fd = -1;
    *path = paths->log;
    if (!timed_log_open(&serial_log, paths->log, LOG_MAX))
        return false;
    *path = paths->socket;
    if (!listener_open(&plain, paths->socket))
        return false;
    *path = paths->positioned_socket;
    return listener_open(&positioned, paths->positioned_socket);
}

void console_attach(int fd)
{
    if (!watch_open(&guest, fd))
        note("cannot watch the console");
}

static bool is_there(const struct client *client)
{
    return client->watch.fd >= 0;
}

static void drop(struct client *client)
{
    watch_close(&client->watch);
    client_count--;
}

static void append_to_backlog(const char *bytes, size_t length)
{
    size_t at = said % BACKLOG_MAX, first = BACKLOG_MAX - at;
    if (first > length)
        first = length;
    memcpy(backlog + at, bytes, first);
    memcpy(backlog, bytes + first, length - first);
    said += length;
}

/* False when the client must be dropped. */
static bool send_to(struct client *client)
{
    while (client->watch.writable && client->sent < said) {
        size_t at = client->sent % BACKLOG_MAX, length = BACKLOG_MAX - at;
        if (length > said - client->sent)
            length = (size_t)(said - client->sent);
        ssize_t count = send(client->watch.fd, backlog + at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno != EAGAIN)
            return false;
        client->watch.writable = count >= 0;
        if (count > 0)
            client->sent += (uint64_t)count;
    }
    return true;
}

static void send_to_all(void)
{
    for (unsigned index = 0; index < CLIENTS_MAX; index++) {
        struct client *client = &clients[index];
        if (!is_there(client))
            continue;
        if (client->gone)
            client->sent = said;
        else if (!send_to(client))
            client->gone = client->input_ended = true;
    }
}

static bool all_clients_current(void)
{
    for (unsigned index = 0; index < CLIENTS_MAX; index++)
        if (is_there(&clients[index]) && clients[index].sent < said)
            return false;
    return true;
}

/* Rewinds the backlog to its start, so that clients that keep up cost only a few pages. */
static void rewind_backlog(void)
{
    if (!all_clients_current())
        return;
    if (said > CHUNK)
        madvise(backlog, sizeof backlog, MADV_DONTNEED);
    said = 0;
    for (unsigned index = 0; index < CLIENTS_MAX; index++)
        clients[index].sent = 0;
}

static void broadcast(const char *bytes, size_t length)
{
    timed_log_write(&serial_log, bytes, length);
    if (client_count == 0)
        return;
    for (unsigned index = 0; index < CLIENTS_MAX; index++)
        if (is_there(&clients[index]) && said + length - clients[index].sent > BACKLOG_MAX)
            drop(&clients[index]);
    append_to_backlog(bytes, length);
    send_to_all();
    rewind_backlog();
}

/* False when there is nothing to read now. */
static bool read_guest(void)
{
    static char chunk[CHUNK];
    ssize_t count = recv(guest.fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (count > 0)
        broadcast(chunk, (size_t)count);
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        watch_close(&guest);
    else
        guest.readable = errno == EINTR;
    return count > 0;
}

/* True when the guest took some. */
static bool write_guest(void)
{
    if (guest.fd < 0) {
        input_length = 0;
        return false;
    }
    ssize_t count = send(guest.fd, input, input_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0)
        return false;
    input_length -= (size_t)count;
    memmove(input, input + count, input_length);
    return true;
}

/* True when there was input. */
static bool read_client(struct client *client)
{
    size_t room = sizeof input - input_length;
    if (!client->watch.readable || client->input_ended || room == 0)
        return false;
    ssize_t count = recv(client->watch.fd, input + input_length, room < TURN_MAX ? room : TURN_MAX, MSG_DONTWAIT);
    if (count > 0)
        input_length += (size_t)count;
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        client->input_ended = true;
    else
        client->watch.readable = errno == EINTR;
    return count > 0;
}

static struct client *free_place(void)
{
    struct client *place = NULL;
    for (unsigned index = 0; index < CLIENTS_MAX; index++) {
        if (!is_there(&clients[index]))
            return &clients[index];
        if (clients[index].gone)
            place = &clients[index];
    }
    /* The client's last input is waiting for a guest that does not read. */
    if (place)
        drop(place);
    return place;
}

/* The first line of a client that joins the log and the output: the log's inode, and its length at this moment. */
static bool tell_position(int fd)
{
    struct stat status = {0};
    char line[64];
    if (serial_log.log.fd >= 0 && fstat(serial_log.log.fd, &status) < 0)
        return false;
    int length = snprintf(line, sizeof line, "%ju %jd\n", (uintmax_t)status.st_ino, (intmax_t)status.st_size);
    return send(fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
}

static void accept_clients(struct listener *listener)
{
    for (int fd; (fd = listener_accept(listener)) >= 0;) {
        struct client *client = free_place();
        if (!client || (listener == &positioned && !tell_position(fd))) {
            close(fd);
            continue;
        }
        *client = (struct client){.sent = said};
        if (watch_open(&client->watch, fd))
            client_count++;
        else
            note("cannot watch a client of the console");
    }
}

void console_prepare(void)
{
    listener_prepare(&plain);
    listener_prepare(&positioned);
}

bool console_act(void)
{
    static unsigned turn;
    bool more = guest.readable && read_guest();
    accept_clients(&plain);
    accept_clients(&positioned);
    for (unsigned left = CLIENTS_MAX; left > 0; left--) {
        struct client *client = &clients[turn++ % CLIENTS_MAX];
        if (!is_there(client))
            continue;
        client->gone |= client->watch.hung_up;
        more |= read_client(client);
    }
    turn++;
    send_to_all();
    for (unsigned index = 0; index < CLIENTS_MAX; index++)
        if (is_there(&clients[index]) && clients[index].gone && clients[index].input_ended)
            drop(&clients[index]);
    rewind_backlog();
    if (input_length > 0)
        more |= write_guest();
    return more;
}

void console_finish(void)
{
    listener_close(&plain);
    listener_close(&positioned);
    while (guest.fd >= 0 && read_guest())
        continue;
    watch_close(&guest);
}

bool console_drained(void)
{
    return all_clients_current();
}
