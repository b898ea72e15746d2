/** What GRUB is told: first by itself and under UEFI, to find the root file system; then what to start from there. */
export function findRoot(rootId: string): string {
  return [
    `search.fs_uuid ${rootId} root`,
    'set prefix=($root)/boot/grub',
    'configfile $prefix/grub.cfg',
    '',
  ].join('\n');
}

/** The links /vmlinuz and /initrd.img lead to the newest kernel, also after the guest has got another. */
export function grubConfiguration(rootId: string): string {
  // The partitions are in fstab, and nobody asks for ssh over vsock.
  const parameters = `root=UUID=${rootId} rw systemd.gpt_auto=no systemd.ssh_auto=no console=tty0 console=ttyS0,115200`;
  return [
    'serial --unit=0 --speed=115200',
    'terminal_input console serial',
    'terminal_output console serial',
    "echo 'GRUB starts Debian'",
    `linux /vmlinuz ${parameters}`,
    'initrd /initrd.img',
    'boot',
    '',
  ].join('\n');
}

export function fileSystemTable(rootId: string): string {
  return `UUID=${rootId} / ext4 defaults,x-systemd.growfs 0 0\n`;
}
