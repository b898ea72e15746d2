interface KnownLine {
  readonly pattern: RegExp;
  readonly hint: string;
}

/** Lines that QEMU prints before it exits, each with advice for the user. */
const knownLines: readonly KnownLine[] = [
  {
    pattern:
      /cannot set up guest memory|Cannot allocate memory|failed to (?:resize memory backing|allocate)/i,
    hint: "reduce the guest's memory (--memory): the host does not have enough free memory",
  },
  {
    pattern: /Failed to get "write" lock|Failed to get shared "write" lock/,
    hint: 'stop the process that has this disk open, or use a copy of the disk',
  },
  {
    pattern: /unable to find CPU model/,
    hint: 'choose another processor model (--cpu); to list the models of this QEMU, run: qemu-system-x86_64 -cpu help',
  },
  {
    pattern: /failed to initialize kvm|Could not access KVM kernel module/i,
    hint: 'run vmlet doctor to find out why KVM fails, or use --accel tcg',
  },
  {
    pattern: /failed to set MSR|kvm_buf_set_msrs|KVM internal error|emulation failure/i,
    hint: 'use --accel tcg: KVM on this host lacks features, which is common inside a virtual machine',
  },
  {
    pattern: /could not open kernel file/i,
    hint: 'check the path and the permissions of the kernel file',
  },
  {
    pattern:
      /error loading uncompressed kernel without PVH ELF Note|linux kernel too old|could not load kernel/i,
    hint: 'use an x86 Linux bzImage, or a vmlinux with PVH support (CONFIG_PVH)',
  },
  {
    pattern: /Failed to connect to (?:\w+ scope )?bus|Failed to start transient scope/,
    hint: 'leave out --limit, or check the journal: systemd could not set the limits',
  },
  {
    pattern: /No space left on device/,
    hint: 'free some space on the file system that holds the disk',
  },
  {
    pattern: /Image is not in (\S+) format/,
    hint: 'the path of the disk was given with the wrong format: after the path, append the format of the file: ,format=qcow2 or ,format=raw',
  },
  {
    pattern: /Permission denied/,
    hint: 'check the permissions of the file and of the directories above it; QEMU is confined: it can open only the files of its machine',
  },
];

export function adviseOn(lines: readonly string[]): string | undefined {
  return knownLines.find(({ pattern }) => lines.some((line) => pattern.test(line)))?.hint;
}
