#include "pty.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int pty_open(int *master, int *slave, uid_t owner, uint16_t rows, uint16_t columns)
{
    int unlocked = 0;
    *slave = -1;
    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0)
        return errno;
    /* The slave is opened without a path, so that another mount over /dev/pts does not matter. */
    if (ioctl(*master, TIOCSPTLCK, &unlocked) == 0)
        *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave < 0) {
        int reason = errno;
        close(*master);
        return reason;
    }
    if (owner != geteuid() && fchown(*slave, owner, (gid_t)-1) < 0) {
        int reason = errno;
        close(*master);
        close(*slave);
        return reason;
    }
    pty_resize(*master, rows, columns);
    return 0;
}

void pty_resize(int master, uint16_t rows, uint16_t columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    ioctl(master, TIOCSWINSZ, &size);
}
