#include "network.h"
#include "address.h"
#include "netlink.h"
#include "link.h"
#include "renewal.h"
#include "resolver.h"
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Without IPv6 in the guest, or on the link, its addresses are left out: the rest of the request is still of use. */
static int unless_without_ipv6(int reason, int link, const struct address *address)
{
    return reason && address->family == AF_INET6 && !link_has_ipv6(link) ? 0 : reason;
}

static int add_address(int fd, int link, const char *text)
{
    struct address address;
    if (!address_parse(text, &address))
        return EINVAL;
    return unless_without_ipv6(address_add(fd, link, &address, NLM_F_REPLACE), link, &address);
}

static int add_default_route(int fd, int link, const char *text)
{
    struct netlink_message message;
    struct address gateway;
    if (!address_parse(text, &gateway))
        return EINVAL;
    struct rtmsg *body = netlink_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *body);
    body->rtm_family = gateway.family;
    body->rtm_table = RT_TABLE_MAIN;
    body->rtm_protocol = RTPROT_STATIC;
    body->rtm_type = RTN_UNICAST;
    /* The gateway may be outside of the address's own network. */
    body->rtm_flags = RTNH_F_ONLINK;
    netlink_attribute(&message, RTA_GATEWAY, gateway.bytes, gateway.length);
    netlink_attribute(&message, RTA_OIF, &link, sizeof link);
    return unless_without_ipv6(netlink_transact(fd, &message), link, &gateway);
}

bool network_is_field(uint8_t tag)
{
    return (tag >= FIELD_LINK && tag <= FIELD_MTU) || tag == FIELD_NEW_HARDWARE_ADDRESS;
}

/* A link named in a request, and its changes. */
struct named_link {
    int index;
    /* The value of its new hardware address, which is the next field, or NULL. */
    const uint8_t *renewed_by;
    uint8_t hardware_address[6];
    /* True when the request sets up the link: otherwise its set-up is kept, or its system sets it up again. */
    bool is_ours;
};

/* Reads the fields after a link's own. False for an invalid new hardware address. */
static bool look_ahead(struct field_reader rest, struct named_link *link)
{
    struct field field;
    bool more = field_next(&rest, &field);
    *link = (struct named_link){.renewed_by = more && field.tag == FIELD_NEW_HARDWARE_ADDRESS ? field.value : NULL};
    if (link->renewed_by) {
        const char *text = field_text(&field);
        if (!text || !link_parse_address(text, link->hardware_address))
            return false;
        more = field_next(&rest, &field);
    }
    link->is_ours = !link->renewed_by || (more && network_is_field(field.tag) && field.tag != FIELD_LINK);
    return true;
}

/* 0 or an errno. */
static int begin_link(int fd, const char *text, struct named_link *link)
{
    if (link_find(text, &link->index))
        return errno;
    if (link->is_ours) {
        int reason = link->renewed_by ? renewal_clear(fd, link->index, link->hardware_address) : 0;
        return reason ? reason : link_start(fd, link->index);
    }
    return renewal_is_looked_after(link->index) ? renewal_restart(fd, link->index, link->hardware_address)
                                                : renewal_change(link->index, link->hardware_address, false);
}

/* Announces the addresses once the link is up; earlier announcements would be lost. */
static void announce_all(struct field_reader said, int link)
{
    struct field field;
    bool is_running = false;
    while (field_next(&said, &field) && field.tag != FIELD_LINK) {
        const char *text = field_text(&field);
        struct address address;
        if (field.tag != FIELD_ADDRESS || !text || !address_parse(text, &address))
            continue;
        if (!is_running)
            link_await_running(link);
        is_running = true;
        address_announce(link, &address);
    }
}

int network_apply(struct field_reader request, const char **subject)
{
    struct field field;
    struct field_reader said = {0};
    struct resolver resolver = {0};
    struct named_link link = {0};
    int reason = 0;
    int fd = netlink_open(NETLINK_ROUTE, 0);
    if (fd < 0)
        return errno;
    /* Routes come after all addresses of a link, because the host lists them in that order. */
    while (!reason && field_next(&request, &field)) {
        uint32_t mtu;
        *subject = field.tag == FIELD_MTU ? "mtu" : field_text(&field);
        if (!network_is_field(field.tag))
            continue;
        if (!*subject || (link.index == 0 && field.tag != FIELD_LINK))
            reason = EBADMSG;
        else if (field.tag == FIELD_LINK) {
            announce_all(said, link.index);
            said = request;
            reason = look_ahead(request, &link) ? begin_link(fd, *subject, &link) : EINVAL;
        } else if (field.tag == FIELD_NEW_HARDWARE_ADDRESS)
            reason = field.value == link.renewed_by ? 0 : EBADMSG;
        else if (field.tag == FIELD_ADDRESS)
            reason = add_address(fd, link.index, *subject);
        else if (field.tag == FIELD_GATEWAY)
            reason = add_default_route(fd, link.index, *subject);
        else if (field.tag == FIELD_MTU)
            reason = field_u32(&field, &mtu) ? link_set_mtu(fd, link.index, mtu) : EBADMSG;
        else
            resolver_add(&resolver, field.tag == FIELD_SEARCH, *subject);
    }
    close(fd);
    if (!reason)
        announce_all(said, link.index);
    if (!reason && resolver.any) {
        *subject = "/etc/resolv.conf";
        reason = resolver_write(&resolver);
    }
    return reason;
}

bool network_change_link(struct field_reader request, bool is_init)
{
    struct named_link link = {0};
    struct field field;
    size_t count = 0;
    for (struct field_reader reader = request; field_next(&reader, &field);) {
        const char *text = field_text(&field);
        if (field.tag == FIELD_MODULE || field.tag == FIELD_HOSTS)
            return false;
        if (field.tag != FIELD_LINK)
            continue;
        count++;
        if (!text || !look_ahead(reader, &link) || link.is_ours || (link.index = link_search(text)) == 0)
            return false;
    }
    return count == 1 && (is_init || !renewal_is_looked_after(link.index)) &&
           renewal_change(link.index, link.hardware_address, is_init) == 0;
}

void network_start_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}
