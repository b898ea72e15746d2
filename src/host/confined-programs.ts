import { dirname, join } from 'node:path';
import type { Confinement } from '../process/confine/confinement.ts';
import type { Layers } from '../process/confine/layers.ts';
import { LIBRARIES, LOADERS } from '../process/confine/shared-libraries.ts';
import type { QemuFeatures } from './survey/host.ts';

/** Files and devices that a machine's QEMU uses. */
export interface QemuFiles {
  /** Images, kernels and firmware: only read. */
  readonly readOnly: readonly string[];
  /** Disks outside the machine's own directory that QEMU writes. */
  readonly readWrite: readonly string[];
  /** The machine's own directories. */
  readonly own: readonly string[];
  readonly kvm: boolean;
  /** Files that tell slirp, the resolver inside QEMU's process, which name servers to ask; see `resolverOf`. */
  readonly resolver: readonly string[];
}

/** The state of a TPM takes some tens of KiB. */
export const LONGEST_TPM_STATE = 16 * 1024 * 1024;
/** Targets of /etc/resolv.conf on most hosts. They also contain sockets of the host's services. */
const RESOLVER_DIRECTORIES = ['/run/systemd/resolve', '/run/NetworkManager', '/run/resolvconf'];

/**
 * With a root of its own, QEMU sees only the one file, as it was at the start; passt does too. Without one, a Landlock
 * rule holds for a single inode, and the file is replaced when the network changes: slirp could not read the new file
 * and could resolve no names. The sockets in these directories are reachable then anyway.
 */
export function resolverOf({ namespaces }: Pick<Layers, 'namespaces'>): string[] {
  return ['/etc/resolv.conf', ...(namespaces.includes('mount') ? [] : RESOLVER_DIRECTORIES)];
}

/** Returns what QEMU needs of the host for a machine with these files, as traced with QEMU 10. */
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

/** Returns what swtpm needs to keep a TPM in a directory. It inherits its connection to QEMU. */
export function confineSwtpm(path: string, stateDirectory: string): Confinement {
  return {
    execute: [path, ...LOADERS],
    readOnly: [...LIBRARIES, join(dirname(path), '..', 'lib'), '/etc/ssl/openssl.cnf', '/dev/urandom'],
    readWrite: ['/dev/null'],
    own: [stateDirectory],
  };
}
