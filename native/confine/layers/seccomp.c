#include "seccomp.h"
#include "fail.h"
#include "filter.h"
#include "word_list.h"
#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tiocl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BASE = 1, SOCKETS = 2, CONNECT = 4, PROCESSES = 8, MODES = 16, GROUPS = 32 };
static const struct word words[] = {{"base", BASE},
                                    {"files", BASE | MODES},
                                    {"sockets", SOCKETS},
                                    {"connect", CONNECT},
                                    {"processes", PROCESSES},
                                    {"groups", GROUPS}};

static unsigned asked;

/* Newer than the headers of some distributions, and musl's. */
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

static const unsigned refused_by_base[] = {
    /* Other processes. */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_process_mrelease, SYS_kcmp,
    SYS_move_pages, SYS_migrate_pages, SYS_pidfd_getfd, SYS_pidfd_send_signal,
    /* Large attack surfaces of the kernel. */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_fanotify_init, SYS_lookup_dcookie, SYS_syslog,
    /* Keys of the user's session. */
    SYS_keyctl, SYS_add_key, SYS_request_key,
    /* Mounts and namespaces. */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_open_tree, SYS_open_tree_attr, SYS_move_mount, SYS_mount_setattr, SYS_unshare, SYS_setns,
    /* Files opened without a path, which bypasses Landlock and the mounts. */
    SYS_open_by_handle_at, SYS_name_to_handle_at,
    /* The host as a whole. */
    SYS_reboot, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_quotactl_fd, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_iopl, SYS_ioperm, SYS_vhangup};

/* Links that could lead another program to files that are not the confined program's. */
static const unsigned links[] = {SYS_symlink, SYS_symlinkat};

static const unsigned unknown_in_base[] = {
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

void seccomp_read(const char *list)
{
    asked |= (unsigned)word_list_read("--seccomp", list, words, sizeof words / sizeof *words);
}

bool seccomp_is_asked_for(void)
{
    return asked != 0;
}

static void refuse_other_processes(unsigned call, unsigned argument)
{
    filter_begin(call);
    filter_load_argument(argument);
    /* The exec keeps the process ID. */
    filter_allow_if_equal((unsigned)getpid());
    filter_refuse(EPERM);
    filter_end();
}

static void add_base(bool signals_are_scoped)
{
    /* First, because KVM calls it all the time. */
    filter_begin(SYS_ioctl);
    filter_load_argument(1);
    filter_refuse_if_equal(TIOCSTI, EPERM);
    filter_refuse_if_equal(TIOCLINUX, EPERM);
    /* The owner of a descriptor receives signals of any number about it. */
    filter_refuse_if_equal(FIOSETOWN, EPERM);
    filter_refuse_if_equal(SIOCSPGRP, EPERM);
    filter_allow();
    filter_end();

    filter_begin(SYS_fcntl);
    filter_load_argument(1);
    filter_refuse_if_equal(F_SETOWN, EPERM);
    filter_refuse_if_equal(F_SETOWN_EX, EPERM);
    filter_allow();
    filter_end();

    static const unsigned of_a_process[] = {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};
    for (size_t index = 0; index < sizeof of_a_process / sizeof *of_a_process; index++)
        refuse_other_processes(of_a_process[index], 0);
    /* A thread ID does not identify its process. musl signals threads this way. */
    if (!signals_are_scoped)
        refuse_other_processes(SYS_tkill, 0);

    filter_begin(SYS_prlimit64);
    filter_load_argument(0);
    filter_allow_if_equal(0);
    filter_allow_if_equal((unsigned)getpid());
    filter_refuse(EPERM);
    filter_end();

    for (size_t index = 0; index < sizeof refused_by_base / sizeof *refused_by_base; index++)
        filter_refuse_call(refused_by_base[index], EPERM);
    for (size_t index = 0; !(asked & MODES) && index < sizeof links / sizeof *links; index++)
        filter_refuse_call(links[index], EPERM);
    for (size_t index = 0; index < sizeof unknown_in_base / sizeof *unknown_in_base; index++)
        filter_refuse_call(unknown_in_base[index], ENOSYS);
}

/* Files that would give others the rights of this user, and device nodes. */
static void refuse_mode(unsigned argument)
{
    filter_load_argument(argument);
    filter_refuse_if_any_bit(S_ISUID | S_ISGID, EPERM);
}

static void refuse_mode_of(unsigned call, unsigned argument)
{
    filter_begin(call);
    refuse_mode(argument);
    filter_allow();
    filter_end();
}

static void refuse_node_of(unsigned call, unsigned argument)
{
    filter_begin(call);
    refuse_mode(argument);
    filter_mask(S_IFMT);
    filter_refuse_if_equal(S_IFCHR, EPERM);
    filter_refuse_if_equal(S_IFBLK, EPERM);
    filter_allow();
    filter_end();
}

/* The mode counts only where a file may be created. */
static void refuse_mode_of_open(unsigned call, unsigned flags, unsigned mode)
{
    filter_begin(call);
    filter_load_argument(flags);
    filter_allow_unless_any_bit(O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
    refuse_mode(mode);
    filter_allow();
    filter_end();
}

static void add_modes(void)
{
    refuse_mode_of_open(SYS_open, 1, 2);
    refuse_mode_of_open(SYS_openat, 2, 3);
    refuse_mode_of(SYS_creat, 1);
    refuse_mode_of(SYS_chmod, 1);
    refuse_mode_of(SYS_fchmod, 1);
    refuse_mode_of(SYS_fchmodat, 2);
    refuse_mode_of(SYS_fchmodat2, 2);
    refuse_node_of(SYS_mknod, 1);
    refuse_node_of(SYS_mknodat, 2);
    /* Its mode is in memory, which a filter cannot read; libraries fall back to openat. */
    filter_refuse_call(SYS_openat2, ENOSYS);
}

/*
 * virtiofsd adopts one group of a guest's user before it creates a file, and fails without that right. Where it creates
 * all files as its own user, success without effect is enough. Giving up all groups still works.
 */
static void ignore_one_group(void)
{
    enum { SUCCESS = 0 };
    filter_begin(SYS_setgroups);
    filter_load_argument(0);
    filter_refuse_if_equal(1, SUCCESS);
    filter_allow();
    filter_end();
}

/* Permits connected streams between processes only. A datagram of a pair can be sent to any path. */
static void add_sockets(unsigned call)
{
    enum { TYPE_MASK = 0xf };
    filter_begin(call);
    filter_load_argument(0);
    filter_refuse_unless_equal(AF_UNIX, EPERM);
    filter_load_argument(1);
    filter_mask(TYPE_MASK);
    filter_refuse_unless_equal(SOCK_STREAM, EPERM);
    filter_allow();
    filter_end();
}

static void add_clone(void)
{
    static const unsigned new_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                           CLONE_NEWPID | CLONE_NEWNET;
    filter_begin(SYS_clone);
    filter_load_argument(0);
    if (asked & BASE)
        filter_refuse_if_any_bit(new_namespaces, EPERM);
    if (asked & PROCESSES) {
        filter_mask(CLONE_THREAD);
        filter_refuse_unless_equal(CLONE_THREAD, EPERM);
    }
    filter_allow();
    filter_end();
    /* Its flags are in memory, which a filter cannot read; libraries fall back to clone. */
    filter_refuse_call(SYS_clone3, ENOSYS);
}

/* A child could outlive the watched process, and a program in memory has no path for Landlock to check. */
static void add_processes(void)
{
    filter_refuse_call(SYS_fork, EPERM);
    filter_refuse_call(SYS_vfork, EPERM);
    filter_refuse_call(SYS_execveat, EPERM);
}

void seccomp_install(bool signals_are_scoped)
{
    if (asked == 0)
        return;
    filter_start();
    if (asked & BASE)
        add_base(signals_are_scoped);
    if (asked & MODES)
        add_modes();
    if (asked & GROUPS)
        ignore_one_group();
    if (asked & (BASE | PROCESSES))
        add_clone();
    if (asked & PROCESSES)
        add_processes();
    if (asked & SOCKETS) {
        add_sockets(SYS_socket);
        add_sockets(SYS_socketpair);
    }
    if (asked & CONNECT)
        filter_refuse_call(SYS_connect, EPERM);
    filter_allow();
    filter_install();
}
