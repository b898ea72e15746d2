#include "switchboard.h"
#include "client_session.h"
#include "listener.h"
#include "note.h"
#include "orphans.h"
#include "port.h"
#include "request.h"
#include "session.h"

static struct listener listener = {.watch.fd = -1};

bool switchboard_listen(const char *socket) { return listener_open(&listener, socket); }

void switchboard_attach(int fd)
{
    if (!port_attach(fd))
        note("watching the agent's port");
}

void switchboard_port_changed(bool open, int64_t time) { session_port_changed(open, time); }

void switchboard_prepare(void) { listener_prepare(&listener); }

/* Those for whom there is no place wait before the door. */
static bool let_in(void)
{
    bool progress = false;
    for (int fd; clients_have_room() && (fd = listener_accept(&listener)) >= 0; progress = true)
        if (!client_open(fd))
            note("taking a client of the agent in");
    return progress;
}

static bool hear_agent(void)
{
    if (!port_read())
        return false;
    session_hear();
    return true;
}

static bool hear_clients(void)
{
    bool progress = false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place])
            progress |= client_read(clients[place]);
    return progress;
}

/* One frame of each in turn, as long as there is room. */
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
        progress |= client_session_tell(client);
        progress |= client_write(client);
    }
    return progress;
}

static bool has_all(const struct client *client) { return client_session_has_told(client) && client_drained(client); }

static bool let_out(void)
{
    bool progress = false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++) {
        struct client *client = clients[place];
        if (!client)
            continue;
        bool gone = client->watch.fd < 0 || client->watch.hung_up || client->dismissed;
        if (!gone && (port_attached() || !has_all(client)))
            continue;
        client_session_end(client, HELLO_ANSWER);
        client_close(place);
        progress = true;
    }
    return progress;
}

bool switchboard_act(void)
{
    bool progress = hear_agent();
    progress |= let_in();
    progress |= hear_clients();
    progress |= take_turns();
    progress |= request_pump();
    session_ask();
    progress |= tell_clients();
    progress |= let_out();
    progress |= orphans_end();
    progress |= port_write();
    if (!port_attached())
        listener_close(&listener);
    return progress;
}

void switchboard_finish(void)
{
    while (hear_agent())
        continue;
    port_close();
    listener_close(&listener);
}

bool switchboard_drained(void)
{
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place] && !has_all(clients[place]))
            return false;
    return true;
}
