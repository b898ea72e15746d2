import { dirname, join } from 'node:path';
import type { Confinement } from '../process/confine/confinement.ts';
import type { Layers } from '../process/confine/layers.ts';
import { LIBRARIES, LOADERS } from '../process/confine/shared-libraries.ts';
import type { QemuFeatures } from './survey/host.ts';

export interface QemuFiles {
  /** Images, kernels, firmware: read, never written. */
  readonly readOnly: readonly string[];
  /** Disks outside of the machine's own directory that it writes. */
  readonly readWrite: readonly string[];
  /** The machine's own directories. */
  readonly own: readonly string[];
  readonly kvm: boolean;
  /** What tells slirp, which resolves names for the guest in QEMU's process, whom to ask; see `resolverOf`. */
  readonly resolver: readonly string[];
}

/** A TPM's memory is some tens of KiB. */
export const LONGEST_TPM_STATE = 16 * 1024 * 1024;
/** Where it leads to on most hosts. Sockets of the host's own services lie there, too. */
const RESOLVER_DIRECTORIES = ['/run/systemd/resolve', '/run/NetworkManager', '/run/resolvconf'];

/**
 * In a root of its own there is the one file, as it was at the start, which is all that passt knows, too. Without such a
 * root a rule of Landlock holds for one inode, and the file is replaced when the network changes: slirp could not read
 * the new one and would resolve nothing. The sockets beside it are in reach then in any case.
 */
export function resolverOf({ namespaces }: Pick<Layers, 'namespaces'>): string[] {
  return ['/etc/resolv.conf', ...(namespaces.includes('mount') ? [] : RESOLVER_DIRECTORIES)];
}

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
      ...files.resolver,
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
