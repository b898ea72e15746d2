#include "resolver.h"
#include "text_file.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void append(char *text, size_t size, const char *before, const char *word, const char *after)
{
    size_t length = strlen(text);
    size_t needed = strlen(before) + strlen(word) + strlen(after);
    if (length + needed < size)
        snprintf(text + length, size - length, "%s%s%s", before, word, after);
}

void resolver_add(struct resolver *resolver, bool is_search, const char *text)
{
    if (*text == 0 || strpbrk(text, " \t\n"))
        return;
    resolver->any = true;
    if (is_search)
        append(resolver->search, sizeof resolver->search, " ", text, "");
    else
        append(resolver->servers, sizeof resolver->servers, "nameserver ", text, "\n");
}

int resolver_write(const struct resolver *resolver)
{
    char text[2100];
    snprintf(text, sizeof text, "%s%s%s%s", *resolver->search ? "search" : "", resolver->search,
             *resolver->search ? "\n" : "", resolver->servers);
    mkdir("/etc", 0755);
    return text_file_write("/etc/resolv.conf", text);
}
