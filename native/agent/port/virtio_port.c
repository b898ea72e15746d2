#include "virtio_port.h"
#include "fail.h"
#include "modules.h"
#include "text_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char CLASS[] = "/sys/class/virtio-ports";
static const char NAME[] = "vmlet.agent";

static bool is_ours(const char *device)
{
    char path[320], name[64];
    snprintf(path, sizeof path, "%s/%s/name", CLASS, device);
    if (text_file_read(path, name, sizeof name) < 0)
        return false;
    name[strcspn(name, "\n")] = 0;
    return strcmp(name, NAME) == 0;
}

static int try_open(void)
{
    struct dirent *entry;
    int fd = -1;
    DIR *folder = opendir(CLASS);
    while (folder && fd < 0 && (entry = readdir(folder))) {
        char path[300];
        if (entry->d_name[0] == '.' || !is_ours(entry->d_name))
            continue;
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    if (folder)
        closedir(folder);
    return fd;
}

/* Opens the kernel's object events (group 1), which udev uses too. */
static int open_news(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("cannot listen to device events");
    return fd;
}

static bool wait_for_news(int news)
{
    char message[8192];
    for (;;) {
        ssize_t length = recv(news, message, sizeof message - 1, 0);
        if (length < 0 && errno != EINTR)
            return errno == ENOBUFS; /* Events were lost: check again. */
        if (length <= 0)
            continue;
        message[length] = 0;
        /* The first string is `action@/devices/…/virtio-ports/vport1p1`. */
        if (strstr(message, "virtio-ports/"))
            return true;
    }
}

int virtio_port_open(void)
{
    int fd = try_open();
    if (fd >= 0)
        return fd;
    int news = open_news();
    if (access(CLASS, F_OK) < 0) {
        /* Needed if these drivers are modules. */
        module_load("virtio_pci");
        module_load("virtio_console");
        /* As PID 1, nobody else loads them. */
        if (getpid() == 1 && access(CLASS, F_OK) < 0) {
            errno = ENODEV;
            fail("virtio console port");
        }
    }
    while ((fd = try_open()) < 0)
        if (!wait_for_news(news))
            fail("cannot wait for the port");
    close(news);
    return fd;
}
