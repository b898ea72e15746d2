/* A socket at a path, for this user alone. */
#pragma once
#include "loop.h"
#include <stdbool.h>
#include <stdint.h>

struct listener {
    const char *path;
    struct watch watch;
    /* The kernel refused a connection for want of something; nobody is let in before this time. */
    int64_t pause_until;
};

/* Takes the place of whatever socket is there. False, errno set. */
bool listener_open(struct listener *listener, const char *path);
void listener_prepare(struct listener *listener);
/* A connection or -1 for now. It blocks. */
int listener_accept(struct listener *listener);
void listener_close(struct listener *listener);
