#include "clients.h"
#include "client.h"
#include "note.h"
#include "peer.h"
#include "requests.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The others wait to be accepted. */
enum { CLIENTS_MAX = PORTS_MAX + CAPTURES_MAX + 32 };

static struct client *clients[CLIENTS_MAX];
static unsigned client_count;

void clients_accept(struct listener *listener)
{
    while (client_count < CLIENTS_MAX) {
        int fd = listener_accept(listener);
        if (fd < 0)
            return;
        /* The directory is private; but its mode may be changed. */
        if (!peer_is_of_this_user(fd)) {
            note_text("connection of another user", strerror(EACCES));
            close(fd);
            continue;
        }
        struct client *client = client_open(fd);
        if (client)
            clients[client_count++] = client;
        else
            note("connection");
    }
}

static bool has_deadline(const struct client *client)
{
    return client->state == CLIENT_ASKS || client->state == CLIENT_IS_ANSWERED;
}

void clients_prepare(void)
{
    for (unsigned index = 0; index < client_count; index++)
        if (has_deadline(clients[index]))
            loop_wake_at(clients[index]->deadline);
}

void clients_act(void)
{
    int64_t now = now_ms();
    for (unsigned index = 0; index < client_count; index++) {
        struct client *client = clients[index];
        if (client_read(client))
            request_execute(client);
        if (has_deadline(client) && client->deadline <= now)
            client->ended = true;
    }
}

void clients_flush(void)
{
    for (unsigned index = 0; index < client_count; index++)
        client_flush(clients[index]);
}

void clients_reap(void)
{
    for (unsigned index = 0; index < client_count;) {
        struct client *client = clients[index];
        if (!client->ended && !(client->port && client->port->ended)) {
            index++;
            continue;
        }
        client_close(client);
        clients[index] = clients[--client_count];
    }
}
