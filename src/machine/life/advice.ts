interface KnownLine {
  readonly pattern: RegExp;
  readonly hint: string;
}

/** Lines that QEMU prints when it gives up, and what a user can do about each. */
const knownLines: readonly KnownLine[] = [
  {
    pattern:
      /cannot set up guest memory|Cannot allocate memory|failed to (?:resize memory backing|allocate)/i,
    hint: 'the host has too little free memory for this guest; give it less with memory (--memory)',
  },
  {
    pattern: /Failed to get "write" lock|Failed to get shared "write" lock/,
    hint: 'another process has this disk open; stop it, or give a copy',
  },
  {
    pattern: /unable to find CPU model/,
    hint: 'this QEMU has no such processor model (--cpu); qemu-system-x86_64 -cpu help lists those that it has',
  },
  {
    pattern: /failed to initialize kvm|Could not access KVM kernel module/i,
    hint: 'run vmlet doctor, which tells what is wrong with KVM here, or choose accel: tcg',
  },
  {
    pattern: /failed to set MSR|kvm_buf_set_msrs|KVM internal error|emulation failure/i,
    hint: 'this host runs KVM only in part (nested or filtered); choose accel: tcg',
  },
  {
    pattern:
      /error loading uncompressed kernel without PVH ELF Note|linux kernel too old|could not open kernel file|could not load kernel/i,
    hint: 'the kernel has to be an x86 Linux bzImage, or a vmlinux with PVH support (CONFIG_PVH)',
  },
  {
    pattern: /Failed to connect to (?:\w+ scope )?bus|Failed to start transient scope/,
    hint: 'systemd sets the limits of this machine, and did not; leave out the limits, or look at its journal',
  },
  {
    pattern: /No space left on device/,
    hint: 'make room on the file system that holds the disk',
  },
  {
    pattern: /Image is not in (\S+) format/,
    hint: 'say which format the disk has: append ,format=qcow2 or ,format=raw to its path',
  },
  {
    pattern: /Permission denied/,
    hint: 'QEMU may reach only the files of this machine; check the mode of the file and of the folders above it',
  },
];

export function adviseOn(lines: readonly string[]): string | undefined {
  return knownLines.find(({ pattern }) => lines.some((line) => pattern.test(line)))?.hint;
}
