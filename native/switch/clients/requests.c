#include "requests.h"
#include "addresses.h"
#include "crossing.h"
#include "list.h"
#include "words.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { VERSION = 1 };

static bool to_end;

bool request_to_end(void)
{
    return to_end;
}

static bool is_unix_stream(int fd)
{
    int domain, type;
    socklen_t domain_size = sizeof domain, type_size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

/* A QEMU that reconnects may be here before the end of its previous connection is read. */
static struct port *other_with(const uint8_t *mac)
{
    for (unsigned index = 0; index < port_count; index++) {
        struct port *port = ports[index];
        if (memcmp(port->mac, mac, MAC_SIZE) != 0)
            continue;
        if (!port_is_hung_up(port))
            return port;
        addresses_forget(port);
        port->ended = true;
    }
    return NULL;
}

/* The answer is sent first: without it, the plug knows that nothing was read from QEMU, and tries another switch. */
static void accept_plug(struct client *client, const char *name, const uint8_t *mac)
{
    struct port *port = port_open(name, mac, client->descriptor);
    client->descriptor = -1;
    if (!port) {
        client_refuse(client, "full", strerror(errno));
        return;
    }
    client->port = port;
    port_configure(port, crossing_table());
    if (!addresses_fix(port)) {
        client->ended = true;
        return;
    }
    client_print(client, "{\"result\":{}}\n");
    client->state = CLIENT_IS_PLUG;
    client_flush(client);
    if (client->output.length > 0)
        client->ended = true;
}

static void plug(struct client *client, char *rest)
{
    const char *name = word_next(&rest, ' '), *mac_text = word_next(&rest, ' ');
    uint8_t mac[MAC_SIZE];
    char text[160];
    if (!mac_text || rest || !name_is_valid(name) || !mac_read(mac_text, mac)) {
        client_refuse(client, "request", "expected: plug NAME MAC");
        return;
    }
    if (client->descriptor < 0 || !is_unix_stream(client->descriptor)) {
        client_refuse(client, "request", "expected a descriptor of a unix stream socket");
        return;
    }
    const struct port *other = other_with(mac);
    if (other) {
        char canonical[MAC_TEXT_SIZE];
        mac_write(mac, canonical);
        snprintf(text, sizeof text, "%s already has the MAC address %s", other->name, canonical);
        client_refuse(client, "mac-in-use", text);
    } else if (port_count == PORTS_MAX) {
        client_refuse(client, "full", "too many ports, at most 256");
    } else {
        accept_plug(client, name, mac);
    }
}

static void capture(struct client *client, const char *name)
{
    if (name && !name_is_valid(name)) {
        client_refuse(client, "request", "expected: capture [NAME]");
        return;
    }
    if (capture_count == CAPTURES_MAX) {
        client_refuse(client, "full", "too many captures, at most 8");
        return;
    }
    /* The file's header follows the answer, but the capture's number is needed before. */
    struct queue header = {0};
    client->capture = capture_open(name ? name : "", &header);
    if (!client->capture) {
        client_refuse(client, "full", "out of memory");
        return;
    }
    client_print(client, "{\"result\":{\"id\":%u}}\n", client->capture->id);
    if (!queue_put(&client->output, queue_bytes(&header), header.length))
        client->ended = true;
    queue_free(&header);
    client->capture->output = &client->output;
    client->state = CLIENT_CAPTURES;
}

static void reload(struct client *client)
{
    char problem[PROBLEM_SIZE];
    struct table *table = table_read("table", problem);
    if (!table) {
        client_refuse(client, "table", problem);
        return;
    }
    crossing_use(table);
    client_answer(client, "{}");
}

static void end(struct client *client)
{
    if (port_count > 0) {
        client_refuse(client, "in-use", "the network has running members");
        return;
    }
    to_end = true;
    client_answer(client, "{}");
}

void request_execute(struct client *client)
{
    char *rest = client->line;
    uint64_t version;
    const char *word = word_next(&rest, ' ');
    if (!number_read(word, 1, UINT32_MAX, &version)) {
        client_refuse(client, "request", "expected a version and a request");
        return;
    }
    if (version != VERSION) {
        client_refuse_version(client, VERSION);
        return;
    }
    const char *request = word_next(&rest, ' ');
    if (!request)
        request = "";
    if (strcmp(request, "plug") == 0)
        plug(client, rest);
    else if (strcmp(request, "capture") == 0)
        capture(client, rest);
    else if (strcmp(request, "list") == 0 && !rest)
        list(client);
    else if (strcmp(request, "reload") == 0 && !rest)
        reload(client);
    else if (strcmp(request, "end") == 0 && !rest)
        end(client);
    else
        client_refuse(client, "request", "expected: plug, list, reload, capture or end");
}
