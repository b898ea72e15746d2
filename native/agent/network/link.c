#include "link.h"
#include "netlink.h"
#include "text_file.h"
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, CARRIER_MS = 2000, INDEX_MAX = 1024, LARGE_MTU = 16384, RECEIVE_BUFFER = 1 << 20, LARGEST_BUFFER = 6 << 20 };

bool link_parse_address(const char *text, uint8_t address[6])
{
    for (int index = 0; index < 6; index++, text += 3) {
        char *end;
        unsigned long byte = isxdigit((unsigned char)*text) ? strtoul(text, &end, 16) : 256;
        if (byte > 255 || end != text + 2 || *end != (index < 5 ? ':' : 0))
            return false;
        address[index] = (uint8_t)byte;
    }
    return true;
}

/* The lowest index first: a bridge on top of a card has the card's address too, and a higher index. */
int link_search(const char *text)
{
    uint8_t address[6];
    int found = 0;
    int fd = link_parse_address(text, address) ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    for (int index = 1; fd >= 0 && !found && index <= INDEX_MAX; index++) {
        struct ifreq request = {.ifr_ifindex = index};
        if (ioctl(fd, SIOCGIFNAME, &request) < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
            continue;
        if (memcmp(request.ifr_hwaddr.sa_data, address, sizeof address) == 0)
            found = index;
    }
    if (fd >= 0)
        close(fd);
    return found;
}

struct wanted_link {
    const char *hardware_address;
    int *index;
};

static bool is_found(void *what)
{
    struct wanted_link *wanted = what;
    return (*wanted->index = link_search(wanted->hardware_address)) != 0;
}

int link_find(const char *hardware_address, int *index)
{
    struct wanted_link wanted = {hardware_address, index};
    if (netlink_await(RTMGRP_LINK, is_found, &wanted, PATIENCE_MS))
        return 0;
    errno = ENODEV;
    return -1;
}

static void set(const char *name, const char *setting, const char *value)
{
    char path[300];
    snprintf(path, sizeof path, setting, name);
    text_file_set(path, value);
}

bool link_has_ipv6(int index)
{
    char name[IF_NAMESIZE], path[300], is_off[2];
    if (!if_indextoname((unsigned)index, name))
        return false;
    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    return text_file_read(path, is_off, sizeof is_off) == 1 && is_off[0] == '0';
}

void link_announce_changes(const char *name)
{
    set(name, "/proc/sys/net/ipv4/conf/%s/arp_notify", "1");
    set(name, "/proc/sys/net/ipv6/conf/%s/ndisc_notify", "1");
}

int link_set_up(int netlink, int index, bool up)
{
    struct netlink_message message;
    struct ifinfomsg *body = netlink_begin(&message, RTM_NEWLINK, 0, sizeof *body);
    body->ifi_index = index;
    body->ifi_flags = up ? IFF_UP : 0;
    body->ifi_change = IFF_UP;
    return netlink_transact(netlink, &message);
}

int link_start(int netlink, int index)
{
    char name[IF_NAMESIZE];
    if (!if_indextoname((unsigned)index, name))
        return errno;
    set(name, "/proc/sys/net/ipv6/conf/%s/accept_dad", "0");
    set(name, "/proc/sys/net/ipv6/conf/%s/dad_transmits", "0");
    set(name, "/proc/sys/net/ipv6/conf/%s/accept_ra", "0");
    /* At once, and not in the first second of each fork of a guest that has just booted. */
    set(name, "/proc/sys/net/ipv6/conf/%s/mldv2_unsolicited_report_interval", "1");
    link_announce_changes(name);
    return link_set_up(netlink, index, true);
}

/* The kernel acts on a link's new state within a second, or at once on a query (net/core/link_watch.c,
 * linkwatch_sync_dev; since Linux 6.8): reading this file is one. */
static void ask_for_carrier(const char *name)
{
    char path[300], answer[2];
    snprintf(path, sizeof path, "/sys/class/net/%s/carrier", name);
    if (text_file_read(path, answer, sizeof answer) < 0)
        errno = 0; /* The link is down; the caller tries again. */
}

static bool is_running(void *index)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool named = if_indextoname(*(unsigned *)index, request.ifr_name) != NULL;
    if (named)
        ask_for_carrier(request.ifr_name);
    bool running = fd >= 0 && named &&
                   ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING);
    if (fd >= 0)
        close(fd);
    return running;
}

void link_await_running(int index)
{
    netlink_await(RTMGRP_LINK, is_running, &index, CARRIER_MS);
}

static int set_attribute(int netlink, int index, uint16_t type, const void *value, size_t length)
{
    struct netlink_message message;
    struct ifinfomsg *body = netlink_begin(&message, RTM_NEWLINK, 0, sizeof *body);
    body->ifi_index = index;
    netlink_attribute(&message, type, value, length);
    return netlink_transact(netlink, &message);
}

/* By default, a new socket has room for one packet of 64 KiB: the sender waits for each to be read, and where one more
 * is dropped, passt repeats it only after two seconds. */
static void enlarge_receive_buffers(void)
{
    static const char path[] = "/proc/sys/net/ipv4/tcp_rmem";
    char text[100];
    unsigned long least = 0, initial = 0, most = 0;
    bool known = text_file_read(path, text, sizeof text) > 0 && sscanf(text, "%lu %lu %lu", &least, &initial, &most) == 3;
    if (!known || initial >= RECEIVE_BUFFER)
        return;
    snprintf(text, sizeof text, "%lu %lu %lu", least, (unsigned long)RECEIVE_BUFFER, most > LARGEST_BUFFER ? most : (unsigned long)LARGEST_BUFFER);
    text_file_set(path, text);
}

int link_set_mtu(int netlink, int index, uint32_t mtu)
{
    if (mtu > LARGE_MTU)
        enlarge_receive_buffers();
    return set_attribute(netlink, index, IFLA_MTU, &mtu, sizeof mtu);
}

int link_set_hardware_address(int netlink, int index, const uint8_t address[6])
{
    return set_attribute(netlink, index, IFLA_ADDRESS, address, 6);
}
