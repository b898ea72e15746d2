#include "power_button.h"
#include "loop.h"
#include "netlink.h"
#include "power.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Linux sends ACPI events to a multicast group of this generic netlink family (drivers/acpi/event.c). */
static const char FAMILY[] = "acpi_event";

enum { ACPI_ATTRIBUTE_EVENT = 1 };

static struct watch events = {.fd = -1};
static bool tried;

static const struct rtattr *find_inside(const struct rtattr *outer, unsigned type)
{
    return netlink_find(RTA_DATA(outer), (int)RTA_PAYLOAD(outer), type);
}

static const struct rtattr *find_in_message(const struct nlmsghdr *header, unsigned type)
{
    const uint8_t *body = (const uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct genlmsghdr));
    return netlink_find((const struct rtattr *)body,
                        (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof(struct genlmsghdr)), type);
}

/* Returns the number of the family's only group, or 0. */
static uint32_t find_group(int fd)
{
    struct netlink_message message;
    union {
        struct nlmsghdr header;
        uint8_t bytes[4096];
    } answer;
    struct genlmsghdr *body = netlink_begin(&message, GENL_ID_CTRL, 0, sizeof *body);
    message.header.nlmsg_flags = NLM_F_REQUEST;
    body->cmd = CTRL_CMD_GETFAMILY;
    body->version = 1;
    netlink_attribute(&message, CTRL_ATTR_FAMILY_NAME, FAMILY, sizeof FAMILY);
    if (send(fd, &message, message.header.nlmsg_len, 0) < 0)
        return 0;
    ssize_t count = recv(fd, &answer, sizeof answer, 0);
    if (count < (ssize_t)NLMSG_LENGTH(sizeof *body) || !NLMSG_OK(&answer.header, (size_t)count) ||
        answer.header.nlmsg_type != GENL_ID_CTRL)
        return 0;
    const struct rtattr *groups = find_in_message(&answer.header, CTRL_ATTR_MCAST_GROUPS);
    const struct rtattr *first = groups ? RTA_DATA(groups) : NULL;
    const struct rtattr *number = first ? find_inside(first, CTRL_ATTR_MCAST_GRP_ID) : NULL;
    uint32_t group = 0;
    if (number && RTA_PAYLOAD(number) == sizeof group)
        memcpy(&group, RTA_DATA(number), sizeof group);
    return group;
}

static void start(void)
{
    int fd = netlink_open(NETLINK_GENERIC, 0);
    if (fd < 0)
        return;
    uint32_t group = find_group(fd);
    /* A kernel without ACPI has no button either. */
    if (group == 0 || setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        close(fd);
    else
        watch_open(&events, fd);
}

static bool is_power_button(const struct nlmsghdr *header, size_t length)
{
    static const char name[] = "button/power";
    if (!NLMSG_OK(header, length) || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct genlmsghdr)))
        return false;
    const struct rtattr *event = find_in_message(header, ACPI_ATTRIBUTE_EVENT);
    /* The event begins with the class of its device, as text. */
    return event && RTA_PAYLOAD(event) >= sizeof name && memcmp(RTA_DATA(event), name, sizeof name) == 0;
}

void power_button_pump(void)
{
    union {
        struct nlmsghdr header;
        uint8_t bytes[4096];
    } message;
    if (!tried)
        start();
    tried = true;
    while (events.fd >= 0 && events.readable) {
        ssize_t count = recv(events.fd, &message, sizeof message, 0);
        if (count < 0)
            events.readable = errno == EINTR;
        else if (is_power_button(&message.header, (size_t)count))
            power_schedule(POWER_OFF);
    }
}
