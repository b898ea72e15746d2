/* `vmlet-keeper tap`: becomes a program that inherits a tap device in a bridge. */
#pragma once

/* HELPER BRIDGE NUMBER -- PROGRAM ARGUMENTS, ended by NULL. -1 for a wrong command line, else the exit status; does not
 * return when all went well. */
int tap(char **arguments);
