#include "switchboard.h"
#include "agent.h"
#include "client_session.h"
#include "listener.h"
#include "note.h"
#include "orphans.h"
#include "request.h"
#include "session.h"

static struct listener listener = {.watch.fd = -1};

bool switchboard_listen(const char *socket) { return listener_open(&listener, socket); }

void switchboard_attach(int fd)
{
    if (!agent_attach(fd))
        note("cannot watch the agent's port");
}

void switchboard_port_changed(bool open, int64_t time) { session_port_changed(open, time); }

void switchboard_memory_loaded(void) { session_memory_loaded(); }

void switchboard_prepare(void) { listener_prepare(&listener); }

/* Accepts clients while there are free places; others wait in the socket's queue. */
static bool accept_clients(void)
{
    bool progress = false;
    for (int fd; clients_have_room() && (fd = listener_accept(&listener)) >= 0; progress = true)
        if (!client_open(fd))
            note("cannot accept a client of the agent");
    return progress;
}

static bool read_agent(void)
{
    if (!agent_read())
        return false;
    session_read();
    return true;
}

static bool read_clients(void)
{
    bool progress = false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place])
            progress |= client_read(clients[place]);
    return progress;
}

/* Takes one frame of each client in turn, as long as there is room. */
static bool take_turns(void)
{
    static unsigned turn;
    bool progress = false;
    for (unsigned idle = 0; idle < CLIENTS_MAX; turn++) {
        struct client *client = clients[turn % CLIENTS_MAX];
        idle++;
        if (!client || !client_session_take(client))
            continue;
        progress = true;
        idle = 0;
    }
    return progress;
}

static bool tell_clients(void)
{
    bool progress = false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++) {
        struct client *client = clients[place];
        if (!client)
            continue;
        progress |= client_session_send(client);
        progress |= client_write(client);
    }
    return progress;
}

static bool has_received_all(const struct client *client) { return client_session_is_drained(client) && client_drained(client); }

static bool close_clients(void)
{
    bool progress = false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++) {
        struct client *client = clients[place];
        if (!client)
            continue;
        bool gone = client->watch.fd < 0 || client->watch.hung_up || client->dismissed;
        if (!gone && (agent_attached() || !has_received_all(client)))
            continue;
        client_session_end(client, HELLO_ANSWER);
        client_close(place);
        progress = true;
    }
    return progress;
}

bool switchboard_act(void)
{
    bool progress = read_agent();
    progress |= accept_clients();
    progress |= read_clients();
    progress |= take_turns();
    progress |= request_pump();
    progress |= session_set_up();
    session_ask();
    progress |= tell_clients();
    progress |= close_clients();
    progress |= orphans_end();
    progress |= agent_write();
    if (!agent_attached())
        listener_close(&listener);
    return progress;
}

void switchboard_finish(void)
{
    while (read_agent())
        continue;
    agent_close();
    listener_close(&listener);
}

bool switchboard_drained(void)
{
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place] && !has_received_all(clients[place]))
            return false;
    return true;
}
