#include "hand_over.h"
#include "connection.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool send_request(int control, const char *name, const char *mac)
{
    char line[256];
    int length = snprintf(line, sizeof line, "1 plug %s %s\n", name, mac), fd = QEMU_CONNECTION;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof fd)];
    } control_data = {.header = {
                          .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control_data.header), &fd, sizeof fd);
    struct iovec part = {line, (size_t)length};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control_data,
                             .msg_controllen = sizeof control_data.bytes};
    return sendmsg(control, &message, MSG_NOSIGNAL) == length;
}

/* The refusal's message, which has no escapes. */
static void keep_message(char answer[ANSWER_SIZE])
{
    static const char key[] = "\"message\":\"";
    const char *message = strstr(answer, key);
    if (!message)
        return;
    message += sizeof key - 1;
    size_t length = strcspn(message, "\"");
    memmove(answer, message, length);
    answer[length] = 0;
}

static enum hand_over_result read_answer(int control, char answer[ANSWER_SIZE])
{
    answer[0] = 0;
    for (size_t length = 0; length < ANSWER_SIZE - 1;) {
        if (wait_for(control, -1) == WAIT_QEMU_LEFT)
            return HAND_OVER_ABANDONED;
        ssize_t count = recv(control, answer + length, ANSWER_SIZE - 1 - length, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return HAND_OVER_UNANSWERED;
        length += (size_t)count;
        answer[length] = 0;
        char *end = strchr(answer, '\n');
        if (!end)
            continue;
        *end = 0;
        if (strncmp(answer, "{\"result\":", 10) == 0)
            return HAND_OVER_ACCEPTED;
        break;
    }
    keep_message(answer);
    return HAND_OVER_REFUSED;
}

enum hand_over_result hand_over(int control, const char *name, const char *mac, char answer[ANSWER_SIZE])
{
    return send_request(control, name, mac) ? read_answer(control, answer) : HAND_OVER_UNANSWERED;
}
