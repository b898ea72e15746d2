/* Starts a program that dies with us. */
#pragma once
#include <sys/types.h>

enum { INHERITED_MAX = 3 };

struct program {
    char *const *arguments;
    /* Becomes standard output and error. */
    int log;
    /* Become descriptors 3, 4 and 5; -1 for none. */
    int inherited[INHERITED_MAX];
};

/* Standard input and the environment are empty; nothing else is inherited. -1 with exec's errno. */
pid_t spawn(const struct program *program);
