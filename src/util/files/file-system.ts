import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '../../errors/index.ts';

/** The file system that holds a directory. */
export interface FileSystem {
  readonly bytes: number;
  /** Free for ordinary users. */
  readonly freeBytes: number;
  /** Whether its files travel over a network. */
  readonly isOnNetwork: boolean;
  /** Whether its files are in memory (tmpfs). */
  readonly isInMemory: boolean;
}

/** Space that kept guests leave free. */
export const RESERVE_BYTES = 512 * 1024 * 1024;

/** The least space for kept guests: hardly any guest takes less. */
export const LEAST_KEPT_BYTES = 64 * 1024 * 1024;

/**
 * By statfs(2)'s f_type (linux/magic.h): NFS, CIFS, SMB2, SMB, 9P, Ceph, AFS, and FUSE, which sshfs uses.
 */
const NETWORK_TYPES = [
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x00c36400, 0x5346414f, 0x65735546,
];

/** f_type of tmpfs. */
const TMPFS = 0x01021994;

/** Looks at the file system that holds `path`, or will hold it. One that cannot be read has no space. */
export function fileSystemOf(path: string): FileSystem {
  try {
    const { type, bsize, bavail, blocks } = statfsSync(path);
    return {
      bytes: blocks * bsize,
      freeBytes: bavail * bsize,
      isOnNetwork: NETWORK_TYPES.includes(type),
      isInMemory: type === TMPFS,
    };
  } catch (error) {
    if (isSystemError(error, 'ENOENT') && dirname(path) !== path) return fileSystemOf(dirname(path));
    if (isSystemError(error)) return { bytes: 0, freeBytes: 0, isOnNetwork: false, isInMemory: false };
    throw error;
  }
}
