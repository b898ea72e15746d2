#include "forwards.h"
#include "client.h"
#include "helper_arguments.h"
#include "host_socket.h"
#include "listener.h"
#include "loop.h"
#include "note.h"
#include "service.h"
#include "table.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct forward {
    /* Without an address: free. */
    struct entry entry;
    struct host_socket host;
    /* Closed: the forward was removed, and its relay has not ended yet. */
    struct watch listener;
    struct service relay;
} forwards[FORWARDS_MAX];

static struct forwards_options options;
static struct listener control = {.watch = {.fd = -1}};
static void (*relays_changed)(void);
static int64_t tell_all_at = INT64_MAX;

static bool is_free(const struct forward *forward) { return !forward->entry.address[0]; }

static bool is_open(const struct forward *forward) { return !is_free(forward) && forward->listener.fd >= 0; }

static struct forward *find_free(void)
{
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++)
        if (is_free(forward))
            return forward;
    errno = EMFILE;
    return NULL;
}

static bool add(const struct entry *entry)
{
    struct forward *forward = find_free();
    if (!forward)
        return false;
    struct host_socket host;
    if (!host_socket_open(&host, entry))
        return false;
    *forward = (struct forward){.entry = *entry, .host = host, .relay = {.kill_at = INT64_MAX}};
    if (watch_open(&forward->listener, host.fd))
        return true;
    int reason = errno;
    host_socket_remove(&host, entry);
    *forward = (struct forward){.listener = {.fd = -1}};
    errno = reason;
    return false;
}

static void close_socket(struct forward *forward)
{
    if (!is_open(forward))
        return;
    host_socket_remove(&forward->host, &forward->entry);
    /* Its relay has the socket too. Clients are refused, and the address can be bound again, before that ends. */
    shutdown(forward->listener.fd, SHUT_RD);
    watch_close(&forward->listener);
}

static void forget_ended(struct forward *forward)
{
    if (!is_open(forward) && !forward->relay.process.pid)
        *forward = (struct forward){.listener = {.fd = -1}};
}

/* Its clients are cut. */
static void drop(struct forward *forward)
{
    close_socket(forward);
    service_terminate(&forward->relay);
    forget_ended(forward);
}

static struct forward *find(const struct entry *entry)
{
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++)
        if (is_open(forward) && entry_equals(&forward->entry, entry))
            return forward;
    return NULL;
}

static bool is_among(const struct forward *forward, const struct entry *entries, unsigned count)
{
    for (unsigned index = 0; index < count; index++)
        if (entry_equals(&forward->entry, &entries[index]))
            return true;
    return false;
}

/* Forwards of the table that exist are not touched. False, errno set, with the index of the one that failed; the new ones
 * are closed again then. */
static bool apply(const struct entry *entries, unsigned count, unsigned *failed)
{
    bool added[FORWARDS_MAX] = {false};
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++)
        if (is_open(forward) && !is_among(forward, entries, count))
            drop(forward);
    for (unsigned index = 0; index < count; index++) {
        if (find(&entries[index]))
            continue;
        if ((added[index] = add(&entries[index])))
            continue;
        int reason = errno;
        *failed = index;
        while (index-- > 0)
            if (added[index])
                drop(find(&entries[index]));
        errno = reason;
        return false;
    }
    return true;
}

bool forwards_open(const struct forwards_options *given, void (*changed)(void), const char **path)
{
    static struct entry entries[FORWARDS_MAX];
    unsigned count, failed;
    options = *given;
    relays_changed = changed;
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++)
        forward->listener.fd = -1;
    if (!options.table)
        return true;
    *path = options.table;
    if (!table_read(options.table, entries, &count))
        return false;
    *path = options.control;
    if (!listener_open(&control, options.control))
        return false;
    if (apply(entries, count, &failed))
        return true;
    *path = entries[failed].address;
    return false;
}

/* A client says nothing: a connection only has the table read, which QEMU cannot write. */
static void reload(int client)
{
    static struct entry entries[FORWARDS_MAX];
    char answer[64] = "ok\n";
    unsigned count, failed = FORWARDS_MAX;
    if (!table_read(options.table, entries, &count) || !apply(entries, count, &failed))
        snprintf(answer, sizeof answer, "failed %u %d\n", failed, errno);
    if (send(client, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EPIPE)
        note(options.control);
    close(client);
}

void forwards_prepare(void)
{
    listener_prepare(&control);
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++) {
        if (is_free(forward))
            continue;
        loop_wake_at(forward->relay.kill_at);
        if (is_open(forward) && forward->listener.readable && !forward->relay.process.pid)
            loop_wake_at(forward->relay.not_before);
    }
    loop_wake_at(tell_all_at);
}

static bool has_client(struct forward *forward)
{
    struct pollfd queue = {.fd = forward->listener.fd, .events = POLLIN};
    forward->listener.readable = forward->listener.readable && poll(&queue, 1, 0) == 1;
    return forward->listener.readable;
}

/* The command line of all relays, with the port of this one. */
static pid_t execute(const struct forward *forward, int agent)
{
    char port[8];
    char **common = helper_arguments_read(options.arguments_file);
    if (!common)
        return -1;
    size_t count = 0;
    while (common[count])
        count++;
    char **arguments = calloc(count + 2, sizeof *arguments);
    pid_t pid = -1;
    if (arguments) {
        memcpy(arguments, common, count * sizeof *arguments);
        snprintf(port, sizeof port, "%u", forward->entry.guest_port);
        arguments[count] = port;
        pid = service_spawn(arguments, options.log_path, forward->listener.fd, agent);
    }
    int reason = errno;
    free(arguments);
    helper_arguments_free(common);
    errno = reason;
    return pid;
}

/* The relay's connection to the agent is one of ours, as of any client. */
static pid_t spawn_relay(const struct forward *forward)
{
    int ends[2];
    if (!clients_have_room()) {
        errno = EAGAIN;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    pid_t pid = -1;
    if (client_open(ends[0]))
        pid = execute(forward, ends[1]);
    int reason = errno;
    close(ends[1]);
    errno = reason;
    return pid;
}

static void print_name(const struct forward *forward, char name[16])
{
    snprintf(name, 16, "relay%u", (unsigned)(forward - forwards));
}

static void start(struct forward *forward)
{
    char name[16];
    print_name(forward, name);
    pid_t pid = spawn_relay(forward);
    if (pid < 0)
        service_failed(&forward->relay, name, errno);
    else
        service_started(&forward->relay, name, pid, relays_changed);
}

void forwards_act(void)
{
    int64_t now = now_ms();
    for (int fd; (fd = listener_accept(&control)) >= 0;)
        reload(fd);
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++) {
        if (is_free(forward))
            continue;
        if (is_open(forward) && !forward->relay.process.pid && forward->relay.not_before <= now && has_client(forward))
            start(forward);
        service_act(&forward->relay, now);
        if (tell_all_at <= now)
            service_terminate(&forward->relay);
    }
    if (tell_all_at <= now)
        tell_all_at = INT64_MAX;
}

void forwards_reaped(pid_t pid, int status)
{
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++) {
        if (is_free(forward) || forward->relay.process.pid != pid)
            continue;
        char name[16];
        print_name(forward, name);
        service_ended(&forward->relay, name, status, relays_changed);
        /* A client may have connected while the relay ended. */
        forward->listener.readable = true;
        forget_ended(forward);
    }
}

void forwards_end(void)
{
    listener_close(&control);
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++) {
        close_socket(forward);
        forget_ended(forward);
    }
    tell_all_at = now_ms() + SERVICE_PATIENCE_MS;
}

bool forwards_gone(void)
{
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++)
        if (forward->relay.process.pid)
            return false;
    return true;
}

void forwards_print(struct text *text, const char *separator)
{
    for (struct forward *forward = forwards; forward < forwards + FORWARDS_MAX; forward++) {
        if (!forward->relay.process.pid)
            continue;
        char name[16];
        print_name(forward, name);
        text_print(text, "%s\"%s\":", separator, name);
        identity_print(text, &forward->relay.process);
        separator = ",";
    }
}
