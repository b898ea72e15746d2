/** What GRUB is told: first by itself and under UEFI, to find the root file system; then what to start from there. */
export function findRoot(rootId: string, grubFolder: string): string {
  return [
    `search.fs_uuid ${rootId} root`,
    `set prefix=($root)/${grubFolder}`,
    'configfile $prefix/grub.cfg',
    '',
  ].join('\n');
}

/** The links /vmlinuz and /initrd.img lead to the newest kernel, also after the guest has got another. */
export function grubConfiguration(rootId: string, title: string): string {
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    `echo 'GRUB starts ${title}'`,
    `linux /vmlinuz ${kernelParameters(rootId)}`,
    'initrd /initrd.img',
    'boot',
    '',
  ].join('\n');
}

/**
 * The partitions are in fstab, and nobody asks for ssh over vsock. The timer is trusted: on a busy host without KVM too
 * few of its interrupts come while Linux counts them, and it would panic.
 */
export function kernelParameters(rootId: string): string {
  return [
    `root=UUID=${rootId} rw systemd.gpt_auto=no systemd.ssh_auto=no`,
    'no_timer_check console=tty0 console=ttyS0,115200',
  ].join(' ');
}

export function fileSystemTable(rootId: string): string {
  return `UUID=${rootId} / ext4 defaults,x-systemd.growfs 0 0\n`;
}

/** hosts(5) of a new system. */
export function hostNames(name: string): string {
  return `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n::1\tlocalhost\n`;
}
