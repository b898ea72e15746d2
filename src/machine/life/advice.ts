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
    hint: 'use --accel tcg: KVM on this host lacks features that QEMU needs (common if the host is itself a virtual machine)',
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
    pattern: /Failed to connect to (?:\w+ scope )?bus/,
    hint: 'use --limit none; or log in by ssh or on a console, not with su or sudo: a direct login starts your systemd user manager, which sets the limits',
  },
  {
    pattern: /Failed to start transient scope/,
    hint: 'use --limit none, or find out why systemd could not set the limits: journalctl --user',
  },
  {
    pattern: /No space left on device/,
    hint: 'free some space on the file system that holds the disk',
  },
  {
    pattern: /Image is not in (\S+) format/,
    hint: 'this file is not in the format that vmlet expected; append the correct format to its path: ,format=qcow2 or ,format=raw',
  },
  {
    pattern: /Permission denied/,
    hint: 'check the permissions of the file and of the directories above it; QEMU can open only the files that are given in the options of the machine',
  },
];

/** @param machine the name of an existing machine, whose options `vmlet set` changes. */
export function adviseOn(lines: readonly string[], machine?: string): string | undefined {
  const hint = knownLines.find(({ pattern }) => lines.some((line) => pattern.test(line)))?.hint;
  if (hint === undefined || machine === undefined) return hint;
  if (!/--(?:memory|cpu|accel|limit)\b/.test(hint)) return hint;
  return `${hint}; to change options of the machine, run: vmlet set ${machine} OPTION VALUE`;
}
