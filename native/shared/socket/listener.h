/* A listening socket at a path, for this user alone. */
#pragma once
#include "loop.h"
#include <stdbool.h>
#include <stdint.h>

struct listener {
    const char *path;
    struct watch watch;
    /* The kernel refused a connection for lack of a resource; no connection is accepted before this time. */
    int64_t pause_until;
};

/* Replaces an existing socket. False, errno set. */
bool listener_open(struct listener *listener, const char *path);
void listener_prepare(struct listener *listener);
/* Returns a blocking connection, or -1 for none at the moment. */
int listener_accept(struct listener *listener);
void listener_close(struct listener *listener);
