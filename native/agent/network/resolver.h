/* /etc/resolv.conf (resolv.conf(5)). */
#pragma once
#include <stdbool.h>

struct resolver {
    bool any;
    char servers[1024];
    char search[1024];
};

void resolver_add(struct resolver *resolver, bool is_search, const char *text);
/* 0 or an errno. */
int resolver_write(const struct resolver *resolver);
