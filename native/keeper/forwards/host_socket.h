/* A listening socket of the host: at a path, for this user alone, or on a TCP port. */
#pragma once
#include "table.h"
#include <sys/types.h>

struct host_socket {
    int fd;
    /* The file at the path. */
    dev_t device;
    ino_t inode;
};

/* Replaces no file. False, errno set. */
bool host_socket_open(struct host_socket *host, const struct entry *entry);
/* Removes the file of `entry`, unless another one has its name. The descriptor belongs to the caller. */
void host_socket_remove(const struct host_socket *host, const struct entry *entry);
