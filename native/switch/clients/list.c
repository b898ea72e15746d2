#include "list.h"
#include "words.h"
#include <inttypes.h>
#include <unistd.h>

static void print_port(struct client *client, const struct port *port)
{
    const struct counters *counters = &port->counters;
    char mac[MAC_TEXT_SIZE];
    mac_write(port->mac, mac);
    client_print(client, "{\"name\":\"%s\",\"mac\":\"%s\",\"framesSent\":%" PRIu64 ",\"bytesSent\":%" PRIu64, port->name,
                 mac, counters->frames_sent, counters->bytes_sent);
    client_print(client, ",\"framesReceived\":%" PRIu64 ",\"bytesReceived\":%" PRIu64, counters->frames_received,
                 counters->bytes_received);
    client_print(client, ",\"dropped\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"blocked\":%" PRIu64 ",\"rejected\":%" PRIu64,
                 counters->dropped, counters->lost, counters->blocked, counters->rejected);
    client_print(client, ",\"queued\":%zu}", port->output.length);
}

static void print_capture(struct client *client, const struct capture *capture)
{
    const char *quote = *capture->name ? "\"" : "";
    client_print(client, "{\"id\":%u,\"name\":%s%s%s,\"packets\":%" PRIu64 ",\"lost\":%" PRIu64 "}", capture->id, quote,
                 *capture->name ? capture->name : "null", quote, capture->packets, capture->lost);
}

void list(struct client *client)
{
    client_print(client, "{\"result\":{\"pid\":%d,\"ports\":[", (int)getpid());
    for (unsigned index = 0; index < port_count; index++) {
        client_print(client, "%s", index ? "," : "");
        print_port(client, ports[index]);
    }
    client_print(client, "],\"captures\":[");
    for (unsigned index = 0; index < capture_count; index++) {
        client_print(client, "%s", index ? "," : "");
        print_capture(client, captures[index]);
    }
    client_print(client, "]}}\n");
    client->state = CLIENT_IS_ANSWERED;
}
