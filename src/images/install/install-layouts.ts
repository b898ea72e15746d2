/** Where an installer keeps its kernel and its initrd, and what they need to know to find the medium again. */
export interface InstallLayout {
  readonly distribution: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Another file that tells media apart that have the same kernel path. */
  readonly marker?: string;
  /** Words for the kernel's command line; {label} stands for the volume's label. Left out where there is no label. */
  readonly append: readonly string[];
}

/** How Anaconda finds its second stage on the medium (Fedora, RHEL and its relatives). */
export const ANACONDA_APPEND: readonly string[] = ['inst.stage2=hd:LABEL={label}'];
const DRACUT_LIVE_APPEND: readonly string[] = ['root=live:CDLABEL={label}', 'rd.live.image'];
const ARCH_APPEND: readonly string[] = ['archisobasedir=arch', 'archisolabel={label}'];
/** Alpine's init loads nothing else by which it could find the medium; its own boot menu passes the same. */
const ALPINE_APPEND: readonly string[] = ['modules=loop,squashfs,sd-mod,usb-storage'];

/** In the order in which they are tried: text before graphical, what has a marker before what has none. x86_64 only. */
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
  // Debian's live media have an installer beside the live system, old Ubuntu servers the same one.
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
      'Fedora or openSUSE, live',
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
 * The words of a layout for one medium. The label is written as udev names it below /dev/disk/by-label (libblkid's
 * blkid_encode_string): that is how all these installers look for it, and no label can then add words.
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
