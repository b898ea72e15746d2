#include "real_path.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_by(int directory, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags), .resolve = RESOLVE_NO_SYMLINKS | resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int real_path_open(const char *path)
{
    return open_by(AT_FDCWD, path, 0, 0);
}

int real_path_open_in(int root, const char *path, int flags)
{
    return open_by(root, path, flags, RESOLVE_IN_ROOT);
}
