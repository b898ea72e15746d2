#include "netlink.h"
#include "loop.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t sequence;

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

static int ask(int fd, struct netlink_message *message)
{
    message->header.nlmsg_seq = ++sequence;
    return send(fd, message, message->header.nlmsg_len, 0) < 0 ? errno : 0;
}

static ssize_t receive_message(int fd, void *answer, size_t size)
{
    ssize_t count;
    do
        count = recv(fd, answer, size, 0);
    while (count < 0 && errno == EINTR);
    return count;
}

int netlink_transact(int fd, struct netlink_message *message)
{
    union {
        struct nlmsghdr header;
        uint8_t bytes[8192];
    } answer;
    int reason = ask(fd, message);
    if (reason)
        return reason;
    for (;;) {
        ssize_t count = receive_message(fd, &answer, sizeof answer);
        if (count < 0)
            return errno;
        if (count < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.header.nlmsg_seq != sequence ||
            answer.header.nlmsg_type != NLMSG_ERROR)
            continue;
        return -((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
    }
}

int netlink_list(int fd, struct netlink_message *message, void (*each)(const struct nlmsghdr *, void *), void *context)
{
    union {
        struct nlmsghdr header;
        uint8_t bytes[16384];
    } answer;
    message->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    int reason = ask(fd, message);
    if (reason)
        return reason;
    for (;;) {
        ssize_t count = receive_message(fd, &answer, sizeof answer);
        if (count < 0)
            return errno;
        size_t left = (size_t)count;
        for (const struct nlmsghdr *entry = &answer.header; NLMSG_OK(entry, left); entry = NLMSG_NEXT(entry, left)) {
            if (entry->nlmsg_seq != sequence)
                continue;
            if (entry->nlmsg_type == NLMSG_DONE)
                return 0;
            if (entry->nlmsg_type == NLMSG_ERROR)
                return -((const struct nlmsgerr *)NLMSG_DATA(entry))->error;
            each(entry, context);
        }
    }
}

const struct rtattr *netlink_find(const struct rtattr *attribute, int length, unsigned type)
{
    for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length))
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
    return NULL;
}

int netlink_open(int protocol, uint32_t groups)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

bool netlink_await(uint32_t groups, bool (*is_there)(void *what), void *what, int patience_ms)
{
    int64_t deadline = now_ms() + patience_ms;
    /* Subscribes before the first check, so that no change is missed. */
    struct pollfd news = {.fd = netlink_open(NETLINK_ROUTE, groups), .events = POLLIN};
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
