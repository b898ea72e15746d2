import { dirname, join } from 'node:path';
import type { Confinement } from '../process/confine.ts';
import { LIBRARIES, LOADERS } from '../process/shared-libraries.ts';
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

/** A TPM's memory is some tens of KiB. */
export const LONGEST_TPM_STATE = 16 * 1024 * 1024;
/** Directories too, since a rule holds for one inode and these files are replaced when the network changes. */
const RESOLVER = ['/etc/resolv.conf', '/run/systemd/resolve', '/run/NetworkManager', '/run/resolvconf'];

/** What QEMU needs of the host for a machine with these files, as traced from QEMU 10. */
export function confineQemu(
  qemu: Pick<QemuFeatures, 'path' | 'dataDirectories'>,
  files: QemuFiles,
): Confinement {
  return {
    execute: [qemu.path, ...LOADERS],
    readOnly: [
      ...LIBRARIES,
      join(dirname(qemu.path), '..', 'lib'),
      ...qemu.dataDirectories,
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

/** What swtpm needs to keep a TPM in a directory. Its connection to QEMU is inherited. */
export function confineSwtpm(path: string, stateDirectory: string): Confinement {
  return {
    execute: [path, ...LOADERS],
    readOnly: [...LIBRARIES, join(dirname(path), '..', 'lib'), '/etc/ssl/openssl.cnf', '/dev/urandom'],
    readWrite: ['/dev/null'],
    own: [stateDirectory],
  };
}
