#include "init.h"
#include "boot_word.h"
#include "fail.h"
#include "host_root.h"
#include "network.h"
#include "note.h"
#include "text_file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static void mount_one(const char *type, const char *where, unsigned long flags, const char *options)
{
    /* EBUSY: already mounted by the kernel or an initramfs script. */
    if (mkdir(where, 0755) < 0 && errno != EEXIST)
        note(where);
    else if (mount(type, where, type, flags, options) < 0 && errno != EBUSY)
        note(where);
}

static void mount_proc(void)
{
    mount_one("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void mount_all(bool has_host_root)
{
    mount_one("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
    mount_proc();
    mount_one("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666");
    mount_one("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    /* The host's system has them in memory already. They may contain the working directory, which a mount would cover. */
    if (has_host_root)
        return;
    mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
    mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
}

static void link_one(const char *target, const char *path)
{
    if (symlink(target, path) < 0 && errno != EEXIST)
        note(path);
}

static void link_all(void)
{
    link_one("/proc/self/fd", "/dev/fd");
    link_one("/proc/self/fd/0", "/dev/stdin");
    link_one("/proc/self/fd/1", "/dev/stdout");
    link_one("/proc/self/fd/2", "/dev/stderr");
}

static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd < 0)
        fd = open("/dev/null", O_RDWR | O_NOCTTY);
    for (int standard = 0; fd >= 0 && standard <= 2; standard++)
        if (fd != standard)
            dup2(fd, standard);
    if (fd > 2)
        close(fd);
}

void init_start(void)
{
    umask(022);
    mount_proc();
    bool has_host_root = boot_word("vmlet.host");
    const char *failed = has_host_root ? host_root_enter(false) : NULL;
    /* The message is for the host. */
    if (failed)
        fail(failed);
    mount_all(has_host_root);
    open_console();
    link_all();
    mkdir("/root", 0700);
    mkdir("/etc", 0755);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/root", 1);
    if (chdir("/") < 0)
        note("/");
    /* Turns Ctrl-Alt-Del into a SIGINT for us. */
    reboot(RB_DISABLE_CAD);
    network_start_loopback();
}

const char *init_switch_to_host(void)
{
    static const char path[] = "/etc/resolv.conf";
    char servers[4096];
    ssize_t length = text_file_read(path, servers, sizeof servers);
    const char *failed = host_root_enter(true);
    if (failed)
        return failed;
    mount_all(true);
    link_all();
    errno = length > 0 ? text_file_write(path, servers) : 0;
    return errno ? path : NULL;
}
