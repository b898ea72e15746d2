#include "link.h"
#include "loop.h"
#include "netlink.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, CARRIER_MS = 2000 };

static int search(const char *hardware_address)
{
    struct dirent *entry;
    int index = 0;
    DIR *folder = opendir("/sys/class/net");
    while (folder && !index && (entry = readdir(folder))) {
        char path[300], address[32] = {0};
        snprintf(path, sizeof path, "/sys/class/net/%s/address", entry->d_name);
        int fd = entry->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        ssize_t length = read(fd, address, sizeof address - 1);
        close(fd);
        if (length <= 0)
            continue;
        address[strcspn(address, "\n")] = 0;
        if (strcasecmp(address, hardware_address) == 0)
            index = (int)if_nametoindex(entry->d_name);
    }
    if (folder)
        closedir(folder);
    return index;
}

/* Looks again whenever the kernel has news of a link, until it is there or the patience is over. */
static bool await_link(bool (*is_there)(void *what), void *what, int patience_ms)
{
    int64_t deadline = now_ms() + patience_ms;
    /* Listening begins before the first look, so that nothing slips in between. */
    struct pollfd news = {.fd = netlink_open(RTMGRP_LINK), .events = POLLIN};
    if (news.fd < 0)
        return is_there(what);
    bool there;
    while (!(there = is_there(what))) {
        uint8_t message[8192];
        int64_t left = deadline - now_ms();
        if (left <= 0 || poll(&news, 1, (int)left) == 0)
            break;
        if (recv(news.fd, message, sizeof message, 0) < 0 && errno != EINTR && errno != ENOBUFS)
            break;
    }
    close(news.fd);
    return there;
}

struct wanted_link {
    const char *hardware_address;
    int *index;
};

static bool is_found(void *what)
{
    struct wanted_link *wanted = what;
    return (*wanted->index = search(wanted->hardware_address)) != 0;
}

int link_find(const char *hardware_address, int *index)
{
    struct wanted_link wanted = {hardware_address, index};
    if (await_link(is_found, &wanted, PATIENCE_MS))
        return 0;
    errno = ENODEV;
    return -1;
}

/* A kernel without IPv6 has no such file, and needs none. */
static void set_ipv6(const char *name, const char *setting)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "0", 1) < 0)
        errno = 0; /* The setting only saves time. */
    close(fd);
}

int link_start(int netlink, int index)
{
    struct netlink_message message;
    char name[IF_NAMESIZE];
    if (!if_indextoname((unsigned)index, name))
        return errno;
    set_ipv6(name, "accept_dad");
    set_ipv6(name, "dad_transmits");
    set_ipv6(name, "accept_ra");
    struct ifinfomsg *body = netlink_begin(&message, RTM_NEWLINK, 0, sizeof *body);
    body->ifi_index = index;
    body->ifi_flags = body->ifi_change = IFF_UP;
    return netlink_transact(netlink, &message);
}

/*
 * The kernel acts on a link's new state within a second, unless somebody asks for it (net/core/link_watch.c,
 * linkwatch_sync_dev; since Linux 6.8): reading this file is to ask.
 */
static void ask_for_carrier(const char *name)
{
    char path[300], answer;
    snprintf(path, sizeof path, "/sys/class/net/%s/carrier", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, &answer, 1) < 0)
        errno = 0; /* The link is down: it is looked at again. */
    close(fd);
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
    await_link(is_running, &index, CARRIER_MS);
}

int link_set_mtu(int netlink, int index, uint32_t mtu)
{
    struct netlink_message message;
    struct ifinfomsg *body = netlink_begin(&message, RTM_NEWLINK, 0, sizeof *body);
    body->ifi_index = index;
    netlink_attribute(&message, IFLA_MTU, &mtu, sizeof mtu);
    return netlink_transact(netlink, &message);
}
