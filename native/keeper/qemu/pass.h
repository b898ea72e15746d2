/* `vmlet-keeper pass`: sends an open file over a unix socket, which Node cannot. */
#pragma once

/* Sends TEXT on descriptor 3 and with it descriptor 4. Returns the exit status. */
int pass(const char *text);
