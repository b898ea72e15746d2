/* The command line. */
#pragma once

/* Passes each option to its module; returns the program and its arguments. */
char **options_read(char **arguments);
