# The program that KVM has to run before vmlet trusts it: a multiboot image of about one kilobyte.
#
# It enters 64-bit mode the way a kernel does, runs what a kernel runs in ring 0 and what CPUID offers, then a
# loop whose result and duration the host knows. Its report is text on isa-debugcon; the last word is a write to
# isa-debug-exit. scripts/generate/kvm-proof.ts assembles it into proof.gen.ts.
#
#   report := 'S' 'P' 'G' 'I' 'U' 'F' feature* '<' '>' hex8 '.'
#   S 32-bit entry   P paging and 64-bit mode   G segments and control registers   I interrupt gate and iretq
#   U user mode and back by syscall   F features begin, a letter for each one that ran   < > around the loop
#   hex8 the loop's result   . complete

        .set DEBUGCON, 0xe9
        .set DEBUG_EXIT, 0xf4
        .set LOAD, 0x100000
        .set PML4, 0x200000
        .set PDPT, 0x201000
        .set PD, 0x202000
        .set STACK, 0x210000
        .set USER_STACK, 0x220000
        .set XSAVE_AREA, 0x230000
        .set SCRATCH, 0x240000
        .set EFER, 0xc0000080
        .set STAR, 0xc0000081
        .set LSTAR, 0xc0000082
        .set FMASK, 0xc0000084
        .set GS_BASE, 0xc0000101
        .set ROUNDS, 5000000

        .macro say letter
        movb $\letter, %al
        outb %al, $DEBUGCON
        .endm

        # Skips to \otherwise unless bit \bit of \register is set.
        .macro unless_bit register, bit, otherwise
        btl $\bit, \register
        jnc \otherwise
        .endm

        .text
        .code32
image:
        # Multiboot header with explicit addresses (bit 16), so that a flat binary needs no ELF around it.
        .long 0x1badb002
        .long 0x00010000
        .long -(0x1badb002 + 0x00010000)
        .long LOAD
        .long LOAD
        .long LOAD + (image_end - image)
        .long LOAD + (image_end - image)
        .long LOAD + (entry - image)

entry:
        cli
        cld
        movl $STACK, %esp
        say 'S'

        # Identity map of the first 8 MiB in pages of 2 MiB; memory is zero after power-on. User bit everywhere.
        movl $(PDPT + 7), PML4
        movl $(PD + 7), PDPT
        movl $0x000087, PD
        movl $0x200087, PD + 8
        movl $0x400087, PD + 16
        movl $0x600087, PD + 24
        movl $PML4, %eax
        movl %eax, %cr3
        movl %cr4, %eax
        orl $0x20, %eax                 # PAE
        movl %eax, %cr4
        movl $EFER, %ecx
        rdmsr
        orl $0x101, %eax                # LME, SCE
        wrmsr
        movl %cr0, %eax
        andl $0xfffffffb, %eax          # no EM
        orl $0x80010002, %eax           # PG, WP, MP
        movl %eax, %cr0
        lgdt LOAD + (gdt_pointer - image)
        ljmp $0x08, $(LOAD + (long_mode - image))

        .code64
long_mode:
        say 'P'
        movl $0x10, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        xorl %eax, %eax
        movl %eax, %fs
        movl %eax, %gs
        movq $STACK, %rsp
        # Task state: only its ring-0 stack matters.
        movq $STACK, %rax
        movq %rax, tss+4(%rip)
        leaq tss(%rip), %rax
        leaq gdt(%rip), %rbx
        movw %ax, 0x28+2(%rbx)
        shrq $16, %rax
        movb %al, 0x28+4(%rbx)
        movl $0x28, %eax
        ltr %ax
        clts
        movq %cr3, %rax
        movq %rax, %cr3
        invlpg SCRATCH
        movq %cr4, %rax
        orq $0x600, %rax                # OSFXSR, OSXMMEXCPT
        movq %rax, %cr4
        xorl %eax, %eax
        movq %rax, %dr7
        movq %dr6, %rax
        inb $0x61, %al
        rdtsc
        say 'G'

        # A gate for the breakpoint exception: the handler returns with iretq.
        leaq breakpoint(%rip), %rax
        movl $SCRATCH, %edi
        movw %ax, 3*16(%rdi)
        movw $0x08, 3*16+2(%rdi)
        movw $0xee00, 3*16+4(%rdi)
        shrq $16, %rax
        movw %ax, 3*16+6(%rdi)
        movl $0, 3*16+8(%rdi)
        movl $0, 3*16+12(%rdi)
        lidt idt_pointer(%rip)
        int3
        cmpl $0x600d, %r15d
        jne stop
        say 'I'

        # To ring 3 with iretq, back with syscall, swapgs on the way.
        movl $STAR, %ecx
        xorl %eax, %eax
        movl $0x00100008, %edx          # SYSRET base 0x10, SYSCALL base 0x08
        wrmsr
        movl $LSTAR, %ecx
        leaq from_user(%rip), %rax
        xorl %edx, %edx
        wrmsr
        movl $FMASK, %ecx
        movl $0x200, %eax
        wrmsr
        movl $GS_BASE, %ecx
        movl $SCRATCH, %eax
        wrmsr
        pushq $0x1b                     # user ss
        pushq $USER_STACK
        pushq $0x3002                   # IOPL 3
        pushq $0x23                     # user cs
        leaq user(%rip), %rax
        pushq %rax
        iretq
user:
        movl $0x600d, %r14d
        pushq %r14
        popq %r14
        syscall
        jmp stop
from_user:
        swapgs
        swapgs
        movq $STACK, %rsp
        cmpl $0x600d, %r14d
        jne stop
        say 'U'

features:
        say 'F'
        xorl %eax, %eax
        cpuid
        movl %eax, %ebp                 # highest leaf
        movl $1, %eax
        cpuid
        movl %edx, %r8d
        movl %ecx, %r9d
        xorl %ebx, %ebx
        cmpl $7, %ebp
        jb 1f
        movl $7, %eax
        xorl %ecx, %ecx
        cpuid
1:      movl %ebx, %r10d                # leaf 7
        movl $SCRATCH + 0x1000, %edi
        movl $XSAVE_AREA, %esi

        # Integer and string instructions that every x86-64 processor has, as kernels use them.
        fninit
        movl $512, %ecx
        xorl %eax, %eax
        rep stosq
        movl $SCRATCH + 0x1000, %edi
        lock incl (%rdi)
        xaddl %ecx, (%rdi)
        cmpxchg8b (%rdi)
        sfence
        lfence
        mfence
        pause
        say 'i'

        unless_bit %r8d, 24, 2f         # FXSR
        fxsave (%rsi)
        fxrstor (%rsi)
        say 'x'
2:      unless_bit %r8d, 26, 2f         # SSE2
        movdqu (%rdi), %xmm0
        paddd %xmm0, %xmm0
        pshufd $0x1b, %xmm0, %xmm1
        mulpd %xmm1, %xmm0
        movntdq %xmm0, (%rdi)
        movnti %eax, (%rdi)
        say '2'
2:      unless_bit %r9d, 0, 2f          # SSE3
        haddps %xmm0, %xmm1
        say '3'
2:      unless_bit %r9d, 9, 2f          # SSSE3
        pshufb %xmm0, %xmm1
        say 's'
2:      unless_bit %r9d, 19, 2f         # SSE4.1
        pmulld %xmm0, %xmm1
        say '4'
2:      unless_bit %r9d, 20, 2f         # SSE4.2
        crc32l %eax, %ecx
        say 'c'
2:      unless_bit %r9d, 23, 2f         # POPCNT
        popcntq %rsp, %rcx
        say 'p'
2:      unless_bit %r9d, 13, 2f         # CMPXCHG16B
        lock cmpxchg16b (%rdi)
        say '6'
2:      unless_bit %r9d, 22, 2f         # MOVBE
        movbel (%rdi), %ecx
        say 'm'
2:      unless_bit %r9d, 25, 2f         # AES
        aesenc %xmm0, %xmm1
        say 'a'
2:      unless_bit %r9d, 1, 2f          # PCLMULQDQ
        pclmulqdq $0, %xmm0, %xmm1
        say 'q'
2:      unless_bit %r9d, 30, 2f         # RDRAND
        rdrand %rcx
        say 'r'
2:      unless_bit %r10d, 0, 2f         # FSGSBASE
        movq %cr4, %rax
        orl $0x10000, %eax
        movq %rax, %cr4
        rdgsbase %rcx
        wrgsbase %rcx
        say 'g'
2:      unless_bit %r10d, 20, 2f        # SMAP
        stac
        clac
        say 'k'
2:      unless_bit %r10d, 3, 2f         # BMI1
        andn %rax, %rcx, %rdx
        say 'b'
2:      unless_bit %r10d, 8, 2f         # BMI2
        shlx %rax, %rcx, %rdx
        say 'B'
2:      unless_bit %r10d, 9, 2f         # ERMS
        movl $4096, %ecx
        xorl %eax, %eax
        rep stosb
        movl $SCRATCH + 0x1000, %edi
        say 'e'
2:      unless_bit %r9d, 26, loop       # XSAVE
        movq %cr4, %rax
        orl $0x40000, %eax              # OSXSAVE
        movq %rax, %cr4
        movl $0xd, %eax
        xorl %ecx, %ecx
        cpuid
        movl %eax, %r11d                # state components that may be switched on
        andl $0x7, %eax
        xorl %edx, %edx
        xorl %ecx, %ecx
        xsetbv
        xgetbv
        xsave (%rsi)
        xrstor (%rsi)
        say 'X'
        unless_bit %r11d, 2, loop
        unless_bit %r9d, 28, loop       # AVX
        vmovdqu (%rdi), %ymm0
        vaddps %ymm0, %ymm0, %ymm1
        vzeroupper
        say 'v'
        unless_bit %r10d, 5, loop       # AVX2
        vpaddd %ymm0, %ymm0, %ymm1
        vpbroadcastd %xmm0, %ymm1
        vzeroupper
        say 'V'

loop:
        say '<'
        # x = x * 1664525 + 1013904223 (mod 2^32): each step waits for the one before, here and on the host.
        movl $1, %ebx
        movl $ROUNDS, %ecx
3:      imull $1664525, %ebx, %ebx
        addl $1013904223, %ebx
        decl %ecx
        jnz 3b
        say '>'
        movl $8, %ecx
4:      roll $4, %ebx
        movl %ebx, %eax
        andl $0xf, %eax
        addb $'0', %al
        cmpb $'9', %al
        jbe 5f
        addb $('a' - '0' - 10), %al
5:      outb %al, $DEBUGCON
        decl %ecx
        jnz 4b
        say '.'
stop:
        movl $0x10, %eax
        outl %eax, $DEBUG_EXIT
        hlt
        jmp stop

breakpoint:
        movl $0x600d, %r15d
        iretq

        .balign 8
gdt:
        .quad 0
        .quad 0x00af9b000000ffff        # 0x08 kernel code
        .quad 0x00cf93000000ffff        # 0x10 kernel data
        .quad 0x00cff3000000ffff        # 0x18 user data
        .quad 0x00affb000000ffff        # 0x20 user code
        .quad 0x0000890000000067        # 0x28 task state, its base filled in
        .quad 0
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long LOAD + (gdt - image)
idt_pointer:
        .word 4095
        .quad SCRATCH
        .balign 8
tss:
        .fill 0x68, 1, 0
image_end:
