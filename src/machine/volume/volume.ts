import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { isAlive } from '../../process/procfs/identity.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Locations } from '../paths/locations.ts';
import { ownerInName } from '../paths/runtime-directory.ts';
import type { NamedVolume } from './named-volume.ts';
import { volumeFiles } from './volume-files.ts';

/** A volume on this host. */
export interface Volume {
  readonly name: string;
  /** Path of its raw disk, with an ext4 file system. */
  readonly path: string;
  readonly createdAt: Date;
  /** Size of its disk, which limits its contents. */
  readonly sizeBytes: number;
  /** The space that it takes on the host. */
  readonly hostBytes: number;
}

const BLOCK_BYTES = 512;

/** Returns the names of all volumes, sorted. */
export function volumeNames({ volumes }: Pick<Locations, 'volumes'>): string[] {
  const names = unlessMissing(() => readdirSync(volumes)) ?? [];
  return names.filter((name) => !name.startsWith('.')).sort();
}

export function findVolume(locations: Pick<Locations, 'volumes'>, name: string): Volume | undefined {
  const { disk } = volumeFiles(locations, name);
  const found = unlessMissing(() => statSync(disk));
  return (
    found && {
      name,
      path: disk,
      createdAt: found.birthtime,
      sizeBytes: found.size,
      hostBytes: found.blocks * BLOCK_BYTES,
    }
  );
}

/** Returns the processes whose throw-away machines use the volume. */
export function processesUsing(users: string): number[] {
  return (unlessMissing(() => readdirSync(users)) ?? []).flatMap((name) => {
    const owner = ownerInName(name);
    return owner && isAlive(owner) ? [owner.pid] : [];
  });
}

/** Names a throw-away machine by the process that started it, in errors. */
export function describeDisposable(process: number): string {
  return `a disposable machine (process ${process})`;
}

/** Offsets in the file, of Linux's `struct ext4_super_block`. */
const SUPERBLOCK = 1024;
const FEATURE_INCOMPAT = SUPERBLOCK + 0x60;
const NEEDS_RECOVERY = 0x4;

const LOG_BLOCK_SIZE = SUPERBLOCK + 0x18;
const FIRST_DATA_BLOCK = SUPERBLOCK + 0x14;
const INODE_SIZE = SUPERBLOCK + 0x58;
const DESCRIPTOR_SIZE = SUPERBLOCK + 0xfe;
const FEATURE_64BIT = 0x80;
/** In a `struct ext4_group_desc`. */
const INODE_TABLE = { low: 0x8, high: 0x28 };
/** In a `struct ext4_inode`. */
const UID = { low: 0x2, high: 0x78 };
const GID = { low: 0x18, high: 0x7a };

/** Returns the owner of its root directory, the second inode; a running machine may have changed it since. */
export function rootOwner({ path }: Pick<Volume, 'path'>): NamedVolume['owner'] {
  const descriptor = openSync(path, 'r');
  try {
    const read = (offset: number, bytes: 2 | 4): number => {
      const buffer = Buffer.alloc(bytes);
      readSync(descriptor, buffer, 0, bytes, offset);
      return buffer.readUIntLE(0, bytes);
    };
    const blockBytes = 1024 * 2 ** read(LOG_BLOCK_SIZE, 4);
    const group = (read(FIRST_DATA_BLOCK, 4) + 1) * blockBytes;
    const isLarge = (read(FEATURE_INCOMPAT, 4) & FEATURE_64BIT) !== 0 && read(DESCRIPTOR_SIZE, 2) >= 64;
    const high = isLarge ? read(group + INODE_TABLE.high, 4) : 0;
    const table = (high * 2 ** 32 + read(group + INODE_TABLE.low, 4)) * blockBytes;
    const inode = table + read(INODE_SIZE, 2);
    const id = (at: typeof UID): number => read(inode + at.high, 2) * 2 ** 16 + read(inode + at.low, 2);
    return { uid: id(UID), gid: id(GID) };
  } finally {
    closeSync(descriptor);
  }
}

/** True when its last writer did not unmount it: the journal has to be replayed first, by a guest that may write. */
export function needsRecovery({ path }: Pick<Volume, 'path'>): boolean {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4);
    readSync(descriptor, bytes, 0, bytes.length, FEATURE_INCOMPAT);
    return (bytes.readUInt32LE(0) & NEEDS_RECOVERY) !== 0;
  } finally {
    closeSync(descriptor);
  }
}
