#include "notify.h"
#include "note.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void notify(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || !*path)
        return;
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) {
        note_text("NOTIFY_SOCKET", "path too long");
        return;
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
        note(path);
    if (fd >= 0)
        close(fd);
}

void notify_ready(void)
{
    static bool sent;
    char message[64];
    if (sent)
        return;
    sent = true;
    snprintf(message, sizeof message, "MAINPID=%d\nREADY=1", (int)getpid());
    notify(message);
}

void notify_stopping(void)
{
    notify("STOPPING=1");
}
