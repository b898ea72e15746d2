#include "renewal.h"
#include "link.h"
#include "netlink.h"
#include "tcp.h"
#include "text_file.h"
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Times for a busy system to set up its network again. Between them, the link goes down and up again: systemd-networkd
 * 257 leaves a link without IPv4 when it goes down while networkd adds a route ("Could not set DHCPv4 route: Device for
 * nexthop is not up"). */
static const int PATIENCE_MS[] = {8000, 12000, 15000};

int renewal_change(int link, const uint8_t hardware_address[6], bool announces)
{
    struct ifreq request = {.ifr_ifindex = link};
    int reason = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (ioctl(fd, SIOCGIFNAME, &request) < 0)
        reason = errno;
    else if (!announces)
        link_announce_changes(request.ifr_name);
    request.ifr_hwaddr = (struct sockaddr){.sa_family = ARPHRD_ETHER};
    memcpy(request.ifr_hwaddr.sa_data, hardware_address, 6);
    if (!reason && ioctl(fd, SIOCSIFHWADDR, &request) < 0)
        reason = errno;
    close(fd);
    if (!reason)
        tcp_break(&(struct tcp_origin){.link = link});
    return reason;
}

static int remove_address(int netlink, const struct nlmsghdr *entry)
{
    struct netlink_message message;
    memcpy(&message, entry, entry->nlmsg_len);
    message.header.nlmsg_type = RTM_DELADDR;
    message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    return netlink_transact(netlink, &message);
}

/* An address of a link. They are removed one at a time, because the socket cannot remove while it lists. */
struct leftover {
    int link;
    struct netlink_message address;
};

static void store_ipv4(const struct nlmsghdr *entry, void *context)
{
    struct leftover *leftover = context;
    const struct ifaddrmsg *body = NLMSG_DATA(entry);
    if (entry->nlmsg_type == RTM_NEWADDR && body->ifa_index == (uint32_t)leftover->link &&
        entry->nlmsg_len <= sizeof leftover->address)
        memcpy(&leftover->address, entry, entry->nlmsg_len);
}

/* IPv6 addresses were removed when the link went down. */
static int remove_ipv4(int netlink, int link)
{
    for (;;) {
        struct netlink_message message;
        struct leftover leftover = {.link = link};
        struct ifaddrmsg *body = netlink_begin(&message, RTM_GETADDR, 0, sizeof *body);
        body->ifa_family = AF_INET;
        int reason = netlink_list(netlink, &message, store_ipv4, &leftover);
        if (reason || leftover.address.header.nlmsg_len == 0)
            return reason;
        reason = remove_address(netlink, &leftover.address.header);
        if (reason)
            return reason;
    }
}

/* The hardware address is changed while the link is down: not all cards can change it while they are up, and
 * systemd-networkd 257 can fail when it is changed during a request for an IPv6 address ("Could not restart DHCPv6
 * client"). It then sets up the link twice, and removes the address that it has just got. */
static int take_down(int netlink, int link, const uint8_t hardware_address[6])
{
    struct tcp_origin origin = {.link = link};
    /* A link that goes down loses its IPv6 addresses. */
    tcp_list_addresses(&origin);
    int reason = link_set_up(netlink, link, false);
    if (!reason)
        reason = link_set_hardware_address(netlink, link, hardware_address);
    /* While it is down, nothing is sent from the old hardware address, which others could learn. */
    if (!reason)
        tcp_break(&origin);
    return reason;
}

int renewal_clear(int netlink, int link, const uint8_t hardware_address[6])
{
    int reason = take_down(netlink, link, hardware_address);
    return reason ? reason : remove_ipv4(netlink, link);
}

bool renewal_is_looked_after(int link)
{
    /* Files in which network managers describe a link, with the text for a link that they do not manage. */
    static const char *const records[][2] = {{"/run/systemd/netif/links/%d", "ADMIN_STATE=unmanaged"},
                                             {"/run/NetworkManager/devices/%d", "managed=false"}};
    if (access("/run/dhcpcd", F_OK) == 0)
        return true;
    for (size_t index = 0; index < sizeof records / sizeof *records; index++) {
        char path[64], record[4096];
        snprintf(path, sizeof path, records[index][0], link);
        if (text_file_read(path, record, sizeof record) > 0 && !strstr(record, records[index][1]))
            return true;
    }
    return false;
}

struct wanted_route {
    int netlink;
    int link;
    bool is_there;
};

static void look_for_default(const struct nlmsghdr *entry, void *context)
{
    int out = 0;
    struct wanted_route *wanted = context;
    const struct rtmsg *body = NLMSG_DATA(entry);
    const struct rtattr *value = netlink_find(RTM_RTA(body), (int)RTM_PAYLOAD(entry), RTA_OIF);
    if (entry->nlmsg_type == RTM_NEWROUTE && value && RTA_PAYLOAD(value) == sizeof out)
        memcpy(&out, RTA_DATA(value), sizeof out);
    wanted->is_there |= out == wanted->link && body->rtm_dst_len == 0 && body->rtm_type == RTN_UNICAST;
}

static bool has_default_route(void *what)
{
    struct wanted_route *wanted = what;
    struct netlink_message message;
    struct rtmsg *body = netlink_begin(&message, RTM_GETROUTE, 0, sizeof *body);
    body->rtm_family = AF_INET;
    wanted->is_there = false;
    netlink_list(wanted->netlink, &message, look_for_default, wanted);
    return wanted->is_there;
}

int renewal_restart(int netlink, int link, const uint8_t hardware_address[6])
{
    struct wanted_route wanted = {.netlink = netlink, .link = link};
    bool had_one = has_default_route(&wanted);
    int reason = take_down(netlink, link, hardware_address);
    for (size_t attempt = 0; !reason && attempt < sizeof PATIENCE_MS / sizeof *PATIENCE_MS; attempt++) {
        if (attempt > 0)
            reason = link_set_up(netlink, link, false);
        if (!reason)
            reason = link_set_up(netlink, link, true);
        /* Otherwise the manager hears of the carrier only a second later. */
        if (!reason)
            link_await_running(link);
        if (reason || !had_one ||
            netlink_await(RTMGRP_IPV4_ROUTE, has_default_route, &wanted, PATIENCE_MS[attempt]))
            return reason;
    }
    return reason ? reason : ETIMEDOUT;
}
