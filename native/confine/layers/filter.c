#include "filter.h"
#include "fail.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the numbers of the calls are those of x86-64"
#endif

enum { LENGTH_MAX = 512, JUMP_MAX = 255, X32_CALLS = 0x40000000 };

static struct sock_filter program[LENGTH_MAX];
static unsigned length, block;

static void add(unsigned code, uint32_t value, unsigned when_true, unsigned when_false)
{
    if (length == LENGTH_MAX)
        fail("the seccomp filter is too long");
    program[length++] = (struct sock_filter){(uint16_t)code, (uint8_t)when_true, (uint8_t)when_false, value};
}

static void load(size_t offset)
{
    add(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

void filter_start(void)
{
    length = 0;
    /* 32-bit programs and x32 use other numbers. */
    load(offsetof(struct seccomp_data, arch));
    filter_refuse_unless_equal(AUDIT_ARCH_X86_64, ENOSYS);
    load(offsetof(struct seccomp_data, nr));
    add(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1);
    filter_refuse(ENOSYS);
}

void filter_refuse_call(unsigned call, int error)
{
    filter_refuse_if_equal(call, error);
}

void filter_begin(unsigned call)
{
    block = length;
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 0);
}

void filter_end(void)
{
    unsigned distance = length - block - 1;
    if (distance > JUMP_MAX)
        fail("a block of the seccomp filter is too long");
    program[block].jf = (uint8_t)distance;
}

void filter_load_argument(unsigned number)
{
    load(offsetof(struct seccomp_data, args) + number * sizeof(uint64_t));
}

void filter_mask(unsigned mask)
{
    add(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

void filter_allow(void)
{
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

void filter_refuse(int error)
{
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

void filter_allow_if_equal(unsigned value)
{
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    filter_allow();
}

void filter_allow_unless_any_bit(unsigned bits)
{
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    filter_allow();
}

void filter_refuse_if_equal(unsigned value, int error)
{
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    filter_refuse(error);
}

void filter_refuse_unless_equal(unsigned value, int error)
{
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    filter_refuse(error);
}

void filter_refuse_if_any_bit(unsigned bits, int error)
{
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    filter_refuse(error);
}

void filter_install(void)
{
    struct sock_fprog whole = {.len = (unsigned short)length, .filter = program};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) < 0)
        fail_errno("seccomp");
}
