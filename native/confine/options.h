/* The command line. */
#pragma once

/* Gives what is asked for to its owners; the result is the program and its arguments. */
char **options_read(char **arguments);
