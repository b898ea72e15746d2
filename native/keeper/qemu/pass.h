/* `vmlet-keeper pass`: an open file sent over a unix socket, which Node cannot. */
#pragma once

/* Sends TEXT on descriptor 3 and with it descriptor 4. The exit status. */
int pass(const char *text);
