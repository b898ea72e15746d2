import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { isAlive } from '../../process/procfs/identity.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Locations } from '../paths/locations.ts';
import { ownerInName } from '../paths/runtime-directory.ts';
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
export function describeThrowAway(process: number): string {
  return `a throw-away machine (process ${process})`;
}

/** Offsets in the file, of Linux's `struct ext4_super_block`. */
const SUPERBLOCK = 1024;
const FEATURE_INCOMPAT = SUPERBLOCK + 0x60;
const NEEDS_RECOVERY = 0x4;

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
