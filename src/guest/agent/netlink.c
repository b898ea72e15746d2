#include "netlink.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void *netlink_begin(struct netlink_message *message, uint16_t type, uint16_t flags, size_t body)
{
    *message = (struct netlink_message){0};
    message->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
    message->header.nlmsg_type = type;
    message->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    return NLMSG_DATA(&message->header);
}

void netlink_attribute(struct netlink_message *message, uint16_t type, const void *value, size_t length)
{
    size_t at = NLMSG_ALIGN(message->header.nlmsg_len);
    if (at + RTA_SPACE(length) > sizeof message->bytes)
        return;
    struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(length)};
    memcpy(message->bytes + at, &attribute, sizeof attribute);
    memcpy(message->bytes + at + RTA_LENGTH(0), value, length);
    message->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

int netlink_transact(int fd, struct netlink_message *message)
{
    static uint32_t sequence;
    union {
        struct nlmsghdr header;
        uint8_t bytes[8192];
    } answer;
    message->header.nlmsg_seq = ++sequence;
    if (send(fd, message, message->header.nlmsg_len, 0) < 0)
        return errno;
    for (;;) {
        ssize_t count = recv(fd, &answer, sizeof answer, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.header.nlmsg_seq != sequence ||
            answer.header.nlmsg_type != NLMSG_ERROR)
            continue;
        return -((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
    }
}

int netlink_open(uint32_t groups)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}
