/* `vmlet-keeper tap`: becomes a program that inherits a tap device on a bridge. */
#pragma once

/* Takes HELPER BRIDGE NUMBER -- PROGRAM ARGUMENTS, ended by NULL. Returns -1 for a wrong command line, otherwise the
 * exit status; does not return on success. */
int tap(char **arguments);
