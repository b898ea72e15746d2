#include "virtiofs.h"
#include "modules.h"
#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <time.h>

/* Pauses of 20 ms each. */
enum { TRIES = 500 };

static int mount_now(const char *tag, const char *path, unsigned long flags)
{
    return mount(tag, path, "virtiofs", flags, NULL) < 0 ? errno : 0;
}

int virtiofs_mount(const char *tag, const char *path, unsigned long flags, bool may_be_late)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    /* Built in, or loaded by the kernel itself, where this finds no file. */
    module_load("virtiofs");
    int reason = mount_now(tag, path, flags);
    /* The tag of a device without a driver is unknown. */
    for (int tries = 0; may_be_late && reason == EINVAL && tries < TRIES; tries++) {
        nanosleep(&pause, NULL);
        reason = mount_now(tag, path, flags);
    }
    return reason;
}
