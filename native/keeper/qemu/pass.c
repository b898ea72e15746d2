#include "pass.h"
#include "note.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECTION = 3, PASSED = 4 };

/* The descriptor is sent with the first byte; the rest may follow in pieces. */
static ssize_t send_piece(const char *text, size_t length, int descriptor)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec piece = {.iov_base = (char *)text, .iov_len = length};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }
    return sendmsg(CONNECTION, &message, MSG_NOSIGNAL);
}

int pass(const char *text)
{
    size_t length = strlen(text);
    int descriptor = PASSED;
    while (length > 0) {
        ssize_t count = send_piece(text, length, descriptor);
        if (count >= 0) {
            text += count;
            length -= (size_t)count;
            descriptor = -1;
        } else if (errno == EAGAIN) {
            /* The launcher's end is non-blocking. An error is reported by the next attempt. */
            struct pollfd wait = {.fd = CONNECTION, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            note("sendmsg");
            return 1;
        }
    }
    return 0;
}
