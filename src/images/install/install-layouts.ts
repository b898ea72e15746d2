/** Where an installer has its kernel and its initrd, and the kernel parameters by which they find the medium. */
export interface InstallLayout {
  readonly distribution: string;
  readonly kernel: string;
  readonly initrd: string;
  /** A file that distinguishes media with the same kernel path. */
  readonly marker?: string;
  /** Kernel parameters. {label} is replaced by the volume's label; without a label, such parameters are omitted. */
  readonly append: readonly string[];
}

/** Tells Anaconda where its second stage is (Fedora, RHEL and its relatives). */
export const ANACONDA_APPEND: readonly string[] = ['inst.stage2=hd:LABEL={label}'];
const DRACUT_LIVE_APPEND: readonly string[] = ['root=live:CDLABEL={label}', 'rd.live.image'];
const ARCH_APPEND: readonly string[] = ['archisobasedir=arch', 'archisolabel={label}'];
/** The modules that Alpine's init needs to find the medium; its own boot menu passes the same. */
const ALPINE_APPEND: readonly string[] = ['modules=loop,squashfs,sd-mod,usb-storage'];

/** In the order in which they are tried: text before graphical, layouts with a marker before others. x86_64 only. */
export const INSTALL_LAYOUTS: readonly InstallLayout[] = [
  layout('Debian', '/install.amd/vmlinuz', '/install.amd/initrd.gz'),
  layout('Debian', '/install.amd/vmlinuz', '/install.amd/gtk/initrd.gz'),
  layout('Debian', '/install.amd/gtk/vmlinuz', '/install.amd/gtk/initrd.gz'),
  layout('Debian netboot', '/linux', '/initrd.gz'),
  layout('Debian netboot', '/debian-installer/amd64/linux', '/debian-installer/amd64/initrd.gz'),
  layout('Ubuntu', '/casper/vmlinuz', '/casper/initrd'),
  layout('Ubuntu', '/casper/vmlinuz', '/casper/initrd.lz'),
  layout('Ubuntu', '/casper/vmlinuz', '/casper/initrd.gz'),
  layout('Ubuntu', '/casper/vmlinuz.efi', '/casper/initrd.lz'),
  layout('Ubuntu', '/casper/hwe-vmlinuz', '/casper/hwe-initrd'),
  // Debian's live media have an installer beside the live system, at the same path as old Ubuntu servers.
  layout('Debian live or Ubuntu server', '/install/vmlinuz', '/install/initrd.gz'),
  {
    ...layout('Fedora family', '/images/pxeboot/vmlinuz', '/images/pxeboot/initrd.img', ANACONDA_APPEND),
    marker: '/images/install.img',
  },
  {
    ...layout(
      'Fedora family, live',
      '/images/pxeboot/vmlinuz',
      '/images/pxeboot/initrd.img',
      DRACUT_LIVE_APPEND,
    ),
    marker: '/LiveOS/squashfs.img',
  },
  {
    ...layout(
      'Fedora live or openSUSE live',
      '/boot/x86_64/loader/linux',
      '/boot/x86_64/loader/initrd',
      DRACUT_LIVE_APPEND,
    ),
    marker: '/LiveOS/squashfs.img',
  },
  layout('openSUSE', '/boot/x86_64/loader/linux', '/boot/x86_64/loader/initrd'),
  layout('Fedora family', '/images/pxeboot/vmlinuz', '/images/pxeboot/initrd.img', ANACONDA_APPEND),
  layout(
    'Arch Linux',
    '/arch/boot/x86_64/vmlinuz-linux',
    '/arch/boot/x86_64/initramfs-linux.img',
    ARCH_APPEND,
  ),
  layout('Alpine Linux', '/boot/vmlinuz-virt', '/boot/initramfs-virt', ALPINE_APPEND),
  layout('Alpine Linux', '/boot/vmlinuz-lts', '/boot/initramfs-lts', ALPINE_APPEND),
];

function layout(
  distribution: string,
  kernel: string,
  initrd: string,
  append: readonly string[] = [],
): InstallLayout {
  return { distribution, kernel, initrd, append };
}

/**
 * Returns the kernel parameters for a medium. The label is encoded as udev does it below /dev/disk/by-label
 * (libblkid's blkid_encode_string): all these installers expect that, and a label can then not add parameters.
 */
export function appendFor(words: readonly string[], label: string): string[] {
  if (label === '') return words.filter((word) => !word.includes('{label}'));
  return words.map((word) => word.replace('{label}', () => encodeLabel(label)));
}

function encodeLabel(label: string): string {
  return [...Buffer.from(label, 'latin1')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9#+\-.:=@_]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
