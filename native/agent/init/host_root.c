#include "host_root.h"
#include "modules.h"
#include "virtiofs.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MS_MOVE
enum { MS_MOVE = 8192 };
#endif

/* The virtiofs device; the host's messages know these names, too. */
static const char tag[] = "host";

/* Directories that the host does not show, or whose owner and mode there are not those of a system. */
static const struct directory {
    const char *path;
    mode_t mode;
} directories[] = {
    {"/top/upper", 0755},         {"/top/work", 0755},           {"/top/upper/dev", 0755},
    {"/top/upper/home", 0755},    {"/top/upper/mnt", 0755},      {"/top/upper/opt", 0755},
    {"/top/upper/proc", 0555},    {"/top/upper/root", 0700},     {"/top/upper/run", 0755},
    {"/top/upper/srv", 0755},     {"/top/upper/sys", 0555},      {"/top/upper/tmp", 01777},
    {"/top/upper/var", 0755},     {"/top/upper/var/cache", 0755}, {"/top/upper/var/lib", 0755},
    {"/top/upper/var/log", 0755}, {"/top/upper/var/tmp", 01777},
};

static long mount_at(const char *source, const char *place, const char *type, unsigned long flags, const char *options)
{
    if (mkdir(place, 0755) < 0 && errno != EEXIST)
        return -1;
    return syscall(SYS_mount, source, place, type, flags, options);
}

/* NULL, or what failed. */
static const char *make_directories(void)
{
    for (size_t index = 0; index < sizeof directories / sizeof *directories; index++)
        /* A mode by itself: mkdir ignores the sticky bit. */
        if (mkdir(directories[index].path, 0755) < 0 || chmod(directories[index].path, directories[index].mode) < 0)
            return directories[index].path;
    if (symlink("../run", "/top/upper/var/run") < 0 || symlink("../run/lock", "/top/upper/var/lock") < 0)
        return "/var";
    return NULL;
}

/* Modules fit the kernel, and those of the host fit its own. NULL, or what failed. */
static const char *keep_modules(int modules)
{
    if (modules < 0)
        return NULL;
    if ((mkdir("/lib", 0755) < 0 && errno != EEXIST) || (mkdir("/lib/modules", 0755) < 0 && errno != EEXIST) ||
        syscall(SYS_move_mount, modules, "", AT_FDCWD, "/lib/modules", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return "/lib/modules";
    close(modules);
    return NULL;
}

static const char *fail_with(int reason, const char *what)
{
    errno = reason;
    return what;
}

const char *host_root_enter(bool is_plugged)
{
    /* Each may be built in; without it, the mount fails. */
    module_load("virtio_pci");
    module_load("overlay");
    int reason = mkdir("/host", 0755) < 0 && errno != EEXIST
                     ? errno
                     : virtiofs_mount(tag, "/host", MS_RDONLY | MS_NODEV, is_plugged);
    if (reason)
        return fail_with(reason, "host: virtiofs");
    if (mount_at("tmpfs", "/top", "tmpfs", 0, "mode=0755") < 0)
        return "host: tmpfs";
    const char *failed = make_directories();
    if (failed)
        return failed;
    if (mount_at("host", "/new", "overlay", 0, "lowerdir=/host,upperdir=/top/upper,workdir=/top/work,xino=off") < 0)
        return "host: overlay";
    int modules = (int)syscall(SYS_open_tree, AT_FDCWD, "/lib/modules", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (chdir("/new") < 0 || syscall(SYS_mount, ".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
        chdir("/") < 0)
        return "host: root";
    return keep_modules(modules);
}
