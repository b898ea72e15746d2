/* The contents of an exec request, prepared for execve. */
#pragma once
#include "account.h"
#include "fields.h"

struct command_line {
    /* Both end with NULL; the strings are in the request's body, except those in `base`. */
    char **arguments;
    char **environment;
    char *base[8];
    const char *directory;
    uint32_t flags;
    uint16_t rows, columns;
    struct account account;
};

/* 0, or an errno with its `phase`. */
int command_line_read(struct command_line *line, struct field_reader reader, enum phase *phase);
void command_line_free(struct command_line *line);
/* Returns the value of PATH that the command will have. */
const char *command_line_path(const struct command_line *line);
