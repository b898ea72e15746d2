/* vmlet-relay: leads a listening socket of the host to a port of a guest, over its agent. */
#include "agent.h"
#include "flow.h"
#include "listener.h"
#include "loop.h"
#include "note.h"
#include "session.h"
#include "signals.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tests shorten it. */
#ifndef IDLE_MS
#define IDLE_MS 10000
#endif

enum { LISTENER = 3, AGENT = 4, EXIT_USAGE = 2, LAST_WORDS_MS = 500, PORT_MAX = 65535 };

const char program_name[] = "vmlet-relay";

static struct listener listener = {.path = "listening socket", .watch = {.fd = -1}};

static bool accept_clients(void)
{
    bool progress = false;
    for (int fd; flows_have_room() && (fd = listener_accept(&listener)) >= 0; progress = true)
        flow_open(fd);
    return progress;
}

/* The keeper starts another relay for a client that connects from now on. */
static bool is_idle(void)
{
    static int64_t idle_since;
    if (flows_count() > 0 || idle_since == 0)
        idle_since = now_ms();
    if (flows_count() == 0)
        loop_wake_at(idle_since + IDLE_MS);
    return now_ms() - idle_since >= IDLE_MS;
}

static bool turn(bool busy)
{
    listener_prepare(&listener);
    flows_prepare();
    if (!loop_wait(busy))
        note("epoll_wait");
    bool progress = accept_clients();
    progress |= session_read();
    progress |= flows_act(session_open());
    progress |= agent_write();
    return progress;
}

/* The forward was removed. By its default action, SIGTERM would end connections like complete answers. */
static bool is_told_to_end(void) { return signals_next() == SIGTERM; }

static void serve(void)
{
    for (bool busy = false; session_lives() && !is_idle() && !is_told_to_end();)
        busy = turn(busy);
}

/* Clients take the bytes that have arrived for them, before the keeper kills this process. */
static void finish(void)
{
    int64_t end = now_ms() + LAST_WORDS_MS;
    watch_close(&listener.watch);
    flows_cut();
    flows_refuse();
    for (bool busy = false; flows_count() > 0 && now_ms() < end;) {
        loop_wake_at(end);
        busy = turn(busy);
    }
    flows_drop();
}

static bool read_arguments(int count, char **arguments)
{
    if (count != 2 || !*arguments[1] || strspn(arguments[1], "0123456789") != strlen(arguments[1]))
        return false;
    unsigned long port = strtoul(arguments[1], NULL, 10);
    guest_port = (uint32_t)port;
    return port > 0 && port <= PORT_MAX;
}

int main(int count, char **arguments)
{
    static const char usage[] = "usage: vmlet-relay PORT\n";
    if (!read_arguments(count, arguments))
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : EXIT_USAGE;
    static const int heard[] = {SIGTERM};
    if (!loop_start() || !signals_watch(heard, sizeof heard / sizeof *heard)) {
        note("signals");
        return 1;
    }
    if (!watch_open(&listener.watch, LISTENER) || !session_start(AGENT)) {
        note("descriptors 3 and 4");
        return 1;
    }
    serve();
    finish();
    return 0;
}
