/* One connection on switch.sock. */
#pragma once
#include "capture.h"
#include "loop.h"
#include "port.h"
#include "queue.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client_state {
    CLIENT_ASKS,
    /* Its remaining output is sent, and the connection closed. */
    CLIENT_IS_ANSWERED,
    CLIENT_IS_PLUG,
    CLIENT_CAPTURES,
};

enum { LINE_SIZE = 256 };

struct client {
    struct watch connection;
    enum client_state state;
    bool ended;
    char line[LINE_SIZE];
    size_t line_length;
    /* The descriptor that it sent; -1 for none. */
    int descriptor;
    /* When an unfinished request or answer ends the connection. */
    int64_t deadline;
    struct queue output;
    struct port *port;
    struct capture *capture;
};

/* Takes over `fd`. NULL, errno set and fd closed, on failure. */
struct client *client_open(int fd);
/* Also closes its port and its capture, and frees it. */
void client_close(struct client *client);

/* Reads a request. True when its line is complete, without the newline. After the answer, it looks for the end only. */
bool client_read(struct client *client);
void client_flush(struct client *client);

/* Answers the request, after which the connection is closed; `json` is an object. */
void client_answer(struct client *client, const char *json);
/* `text` needs no escapes in JSON. */
void client_refuse(struct client *client, const char *code, const char *text);
void client_refuse_version(struct client *client, unsigned version);
/* Adds text to the answer. Without memory, the client is disconnected. */
void client_print(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
