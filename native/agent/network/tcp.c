#include "tcp.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One line of /proc/net/tcp or tcp6. */
struct connection {
    uint8_t family;
    unsigned state;
    struct inet_diag_sockid id;
};

/* Reads `digits` hexadecimal digits, and the separator after them. */
static uint32_t read_number(const char **at, size_t digits)
{
    char text[9] = {0};
    strncpy(text, *at, digits);
    *at += strlen(text);
    *at += strspn(*at, ": ");
    return (uint32_t)strtoul(text, NULL, 16);
}

/* The kernel prints an address as 32-bit numbers in host byte order, although they hold network byte order. */
static void read_end(const char **at, uint8_t family, __be32 words[4], __be16 *port)
{
    for (int index = 0; index < (family == AF_INET ? 1 : 4); index++)
        words[index] = read_number(at, 8);
    *port = htons((uint16_t)read_number(at, 4));
}

/* Parses a line such as `  0: 0F02000A:8F3C 0202000A:0016 01 …`; the heading has no colon. */
static bool read_line(const char *line, struct connection *connection)
{
    struct inet_diag_sockid *id = &connection->id;
    const char *at = strchr(line, ':');
    if (!at)
        return false;
    at += strspn(at, ": ");
    read_end(&at, connection->family, id->idiag_src, &id->idiag_sport);
    read_end(&at, connection->family, id->idiag_dst, &id->idiag_dport);
    connection->state = read_number(&at, 2);
    return true;
}

/* Converts an IPv4 address to its form in an IPv6 socket, which may serve both. */
static struct in6_addr to_ipv6(uint8_t family, const void *address)
{
    struct in6_addr result = {.s6_addr = {[10] = 0xff, 0xff}};
    memcpy(result.s6_addr + (family == AF_INET ? 12 : 0), address, family == AF_INET ? 4 : 16);
    return result;
}

static void collect_address(const struct nlmsghdr *entry, void *context)
{
    struct tcp_origin *origin = context;
    const struct ifaddrmsg *body = NLMSG_DATA(entry);
    if (entry->nlmsg_type != RTM_NEWADDR || body->ifa_index != (uint32_t)origin->link)
        return;
    /* On links without a peer address, such as Ethernet, IPv6 has only the latter. */
    const struct rtattr *value = netlink_find(IFA_RTA(body), (int)IFA_PAYLOAD(entry), IFA_LOCAL);
    if (!value)
        value = netlink_find(IFA_RTA(body), (int)IFA_PAYLOAD(entry), IFA_ADDRESS);
    if (value && origin->count < TCP_ADDRESSES_MAX && RTA_PAYLOAD(value) == (body->ifa_family == AF_INET ? 4 : 16))
        origin->addresses[origin->count++] = to_ipv6(body->ifa_family, RTA_DATA(value));
}

void tcp_list_addresses(struct tcp_origin *origin)
{
    struct netlink_message message;
    int fd = netlink_open(NETLINK_ROUTE, 0);
    origin->is_listed = true;
    if (fd < 0)
        return;
    netlink_begin(&message, RTM_GETADDR, 0, sizeof(struct ifaddrmsg));
    netlink_list(fd, &message, collect_address, origin);
    close(fd);
}

/* Connections of this machine to itself are kept. */
static bool leads_to_other_machine(const struct connection *connection)
{
    bool is_open = connection->state != TCP_LISTEN && connection->state != TCP_TIME_WAIT &&
                   connection->state != TCP_CLOSE;
    return is_open && memcmp(connection->id.idiag_src, connection->id.idiag_dst, sizeof connection->id.idiag_src) != 0;
}

static bool begins_at(const struct connection *connection, const struct tcp_origin *origin)
{
    struct in6_addr source = to_ipv6(connection->family, connection->id.idiag_src);
    for (size_t index = 0; index < origin->count; index++)
        if (memcmp(&source, &origin->addresses[index], sizeof source) == 0)
            return true;
    return false;
}

static void destroy(int fd, const struct connection *connection)
{
    struct netlink_message message;
    struct inet_diag_req_v2 *body = netlink_begin(&message, SOCK_DESTROY, 0, sizeof *body);
    body->sdiag_family = connection->family;
    body->sdiag_protocol = IPPROTO_TCP;
    body->id = connection->id;
    body->id.idiag_cookie[0] = body->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    netlink_transact(fd, &message);
}

static void break_connections(const char *path, uint8_t family, struct tcp_origin *origin)
{
    char *line = NULL;
    size_t size = 0;
    int fd = -1;
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &size, file) > 0) {
        struct connection connection = {.family = family};
        if (!read_line(line, &connection) || !leads_to_other_machine(&connection))
            continue;
        if (!origin->is_listed)
            tcp_list_addresses(origin);
        if (!begins_at(&connection, origin))
            continue;
        if (fd < 0)
            fd = netlink_open(NETLINK_SOCK_DIAG, 0);
        if (fd >= 0)
            destroy(fd, &connection);
    }
    free(line);
    if (file)
        fclose(file);
    if (fd >= 0)
        close(fd);
}

/* Orphans become children of init: without a child, no program has a connection. To see that is quicker than to list
 * connections, above all in a fork without KVM, which has to translate the code. Connections that a program has closed,
 * but not its peer, and those of the kernel time out. */
static bool is_only_process(void)
{
    siginfo_t child;
    return getpid() == 1 && waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

void tcp_break(struct tcp_origin *origin)
{
    if (is_only_process())
        return;
    break_connections("/proc/net/tcp", AF_INET, origin);
    break_connections("/proc/net/tcp6", AF_INET6, origin);
}
