import { dirname, join } from 'node:path';
import type { Confinement } from '../process/confine.ts';
import type { QemuFeatures } from './host.ts';

export interface QemuFiles {
  /** Images, kernels, firmware: read, never written. */
  readonly readOnly: readonly string[];
  /** Disks outside of the machine's own directory that it writes. */
  readonly readWrite: readonly string[];
  /** The machine's own directories. */
  readonly own: readonly string[];
  readonly kvm: boolean;
  /** slirp resolves names for the guest in QEMU's process. */
  readonly slirp: boolean;
}

/** Where ld.so finds libraries: FHS, and Nix and Guix, which keep each in a tree of its own. */
const LIBRARIES = [
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'],
  ...['/nix/store', '/gnu/store'],
];
const LOADERS = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1', '/lib/ld-musl-x86_64.so.1'];
/** Directories too, since a rule holds for one inode and these files are replaced when the network changes. */
const RESOLVER = ['/etc/resolv.conf', '/run/systemd/resolve', '/run/NetworkManager', '/run/resolvconf'];

/** What QEMU needs of the host for a machine with these files, as traced from QEMU 10. */
export function confineQemu(qemu: QemuFeatures, files: QemuFiles): Confinement {
  return {
    execute: [qemu.path, ...LOADERS],
    readOnly: [
      ...LIBRARIES,
      join(dirname(qemu.path), '..', 'lib'),
      ...qemu.dataDirectories,
      '/etc/ld.so.cache',
      '/etc/localtime',
      '/sys/devices/system/cpu',
      '/sys/devices/system/node',
      '/dev/urandom',
      ...(files.slirp ? RESOLVER : []),
      ...files.readOnly,
    ],
    readWrite: ['/dev/null', ...(files.kvm ? ['/dev/kvm'] : []), ...files.readWrite],
    own: files.own,
  };
}
