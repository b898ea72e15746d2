/* The other side of a unix socket. */
#pragma once
#include <stdbool.h>

/* For a connection to a listening socket, its listener. */
bool peer_is_of_this_user(int fd);
