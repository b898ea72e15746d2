/** Returns GRUB's first configuration, embedded in it or on the EFI partition, which finds the root file system. */
export function findRoot(rootId: string, grubFolder: string): string {
  return [
    `search.fs_uuid ${rootId} root`,
    `set prefix=($root)/${grubFolder}`,
    'configfile $prefix/grub.cfg',
    '',
  ].join('\n');
}

/** Returns GRUB's main configuration. The links /vmlinuz and /initrd.img always point to the newest kernel. */
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
 * Returns the kernel's command line. It disables systemd's generators for partitions, which fstab lists, and for ssh
 * over vsock. no_timer_check: on a busy host without KVM, too few timer interrupts arrive during Linux's check, and it
 * would panic.
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

/** Returns hosts(5) of a new system. */
export function hostNames(name: string): string {
  return `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n::1\tlocalhost\n`;
}
