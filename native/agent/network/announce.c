#include "announce.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The discard protocol (RFC 863): nobody answers. */
enum { DISCARD_PORT = 9 };

static void announce(int link, int family, const void *source, const void *everybody, socklen_t length)
{
    char name[IF_NAMESIZE];
    int yes = 1;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* An announcement only saves the first connection a delay; a network works without it. */
    bool ready = if_indextoname((unsigned)link, name) &&
                 setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof name) == 0 &&
                 setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes) == 0 && bind(fd, source, length) == 0;
    if (ready)
        (void)!sendto(fd, NULL, 0, 0, everybody, length);
    close(fd);
}

void announce_address(int link, const char *text)
{
    char host[INET6_ADDRSTRLEN];
    size_t length = strcspn(text, "/");
    if (length >= sizeof host)
        return;
    memcpy(host, text, length);
    host[length] = 0;
    struct sockaddr_in source = {.sin_family = AF_INET}, everybody = source;
    struct sockaddr_in6 source6 = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)link}, everybody6 = source6;
    everybody.sin_port = everybody6.sin6_port = htons(DISCARD_PORT);
    everybody.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    inet_pton(AF_INET6, "ff02::1", &everybody6.sin6_addr);
    if (inet_pton(AF_INET, host, &source.sin_addr) == 1)
        announce(link, AF_INET, &source, &everybody, sizeof source);
    else if (inet_pton(AF_INET6, host, &source6.sin6_addr) == 1)
        announce(link, AF_INET6, &source6, &everybody6, sizeof source6);
}
