#include "capabilities.h"
#include "fail.h"
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sets {
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static struct sets read_sets(void)
{
    struct sets sets = {.header = {.version = _LINUX_CAPABILITY_VERSION_3}};
    if (syscall(SYS_capget, &sets.header, sets.data) < 0)
        fail_errno("capabilities");
    return sets;
}

bool capability_in_effect(int number)
{
    struct sets sets = read_sets();
    return sets.data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number);
}

void capabilities_keep(unsigned long long kept)
{
    /* The first number that the kernel does not know is the end. */
    for (int number = 0; prctl(PR_CAPBSET_READ, number) >= 0; number++)
        if (!(kept >> number & 1) && prctl(PR_CAPBSET_DROP, number) < 0)
            fail_errno("cannot drop capability %d", number);
    /* On exec, root gets these in addition to the bounding set. Dropping them drops the ambient ones too. */
    struct sets sets = read_sets();
    for (int index = 0; index < _LINUX_CAPABILITY_U32S_3; index++)
        sets.data[index].inheritable = 0;
    if (syscall(SYS_capset, &sets.header, sets.data) < 0)
        fail_errno("cannot drop inheritable capabilities");
}
