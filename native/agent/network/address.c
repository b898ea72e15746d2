#include "address.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The discard protocol (RFC 863): nobody answers. */
enum { DISCARD_PORT = 9 };

bool address_parse(const char *text, struct address *address)
{
    char host[INET6_ADDRSTRLEN];
    size_t length = strcspn(text, "/");
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = 0;
    *address = (struct address){.family = AF_INET, .prefix = 32, .length = 4};
    if (inet_pton(AF_INET, host, address->bytes) != 1) {
        *address = (struct address){.family = AF_INET6, .prefix = 128, .length = 16};
        if (inet_pton(AF_INET6, host, address->bytes) != 1)
            return false;
    }
    if (text[length] == 0)
        return true;
    char *end;
    unsigned long prefix = strtoul(text + length + 1, &end, 10);
    if (end == text + length + 1 || *end || prefix > address->prefix)
        return false;
    address->prefix = (uint8_t)prefix;
    return true;
}

int address_add(int netlink, int link, const struct address *address, uint16_t flags)
{
    struct netlink_message message;
    struct ifaddrmsg *body = netlink_begin(&message, RTM_NEWADDR, NLM_F_CREATE | flags, sizeof *body);
    body->ifa_family = address->family;
    body->ifa_prefixlen = address->prefix;
    body->ifa_index = (uint32_t)link;
    /* The host gives each address to one card, so duplicate address detection is skipped. */
    body->ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
    netlink_attribute(&message, IFA_LOCAL, address->bytes, address->length);
    netlink_attribute(&message, IFA_ADDRESS, address->bytes, address->length);
    return netlink_transact(netlink, &message);
}

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

void address_announce(int link, const struct address *address)
{
    struct sockaddr_in source = {.sin_family = AF_INET}, everybody = source;
    struct sockaddr_in6 source6 = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)link}, everybody6 = source6;
    everybody.sin_port = everybody6.sin6_port = htons(DISCARD_PORT);
    everybody.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    inet_pton(AF_INET6, "ff02::1", &everybody6.sin6_addr);
    if (address->family == AF_INET) {
        memcpy(&source.sin_addr, address->bytes, address->length);
        announce(link, AF_INET, &source, &everybody, sizeof source);
    } else {
        memcpy(&source6.sin6_addr, address->bytes, address->length);
        announce(link, AF_INET6, &source6, &everybody6, sizeof source6);
    }
}
