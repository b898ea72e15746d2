/* The relay's session with the agent, of which the keeper is the other side. */
#pragma once
#include <stdbool.h>

/* Takes over `fd`, and asks for a session. False, errno set. */
bool session_start(int fd);
/* True while requests are answered. */
bool session_open(void);
/* False after the keeper has closed the connection. */
bool session_lives(void);
/* Handles all frames that have arrived. True when there were any. */
bool session_read(void);
