#include "host_socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = SOMAXCONN };

static bool is_path(const struct entry *entry) { return entry->address[0] == '/'; }

static bool bind_path(int fd, const struct entry *entry)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _Static_assert(sizeof address.sun_path == ADDRESS_SIZE, "an address has the size of a path");
    memcpy(address.sun_path, entry->address, ADDRESS_SIZE);
    /* The file gets the socket's mode: it is never another's to connect to. */
    return fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool bind_port(int fd, int family, const struct entry *entry)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(entry->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(entry->port)};
    int yes = 1;
    void *binary = family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr;
    if (inet_pton(family, entry->address, binary) != 1) {
        errno = EINVAL;
        return false;
    }
    /* Connections that have ended would hold the port for a minute. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0)
        return false;
    if (family == AF_INET)
        return bind(fd, (struct sockaddr *)&four, sizeof four) == 0;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0 &&
           bind(fd, (struct sockaddr *)&six, sizeof six) == 0;
}

static bool find_file(struct host_socket *host, const struct entry *entry)
{
    struct stat status;
    if (lstat(entry->address, &status) < 0)
        return false;
    host->device = status.st_dev;
    host->inode = status.st_ino;
    return true;
}

bool host_socket_open(struct host_socket *host, const struct entry *entry)
{
    int family = is_path(entry) ? AF_UNIX : strchr(entry->address, ':') ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    *host = (struct host_socket){.fd = fd};
    bool bound = is_path(entry) ? bind_path(fd, entry) : bind_port(fd, family, entry);
    if (bound && (!is_path(entry) || find_file(host, entry)) && listen(fd, BACKLOG) == 0)
        return true;
    int reason = errno;
    if (bound)
        host_socket_remove(host, entry);
    close(fd);
    errno = reason;
    return false;
}

void host_socket_remove(const struct host_socket *host, const struct entry *entry)
{
    struct host_socket found;
    if (is_path(entry) && find_file(&found, entry) && found.device == host->device && found.inode == host->inode)
        unlink(entry->address);
}
