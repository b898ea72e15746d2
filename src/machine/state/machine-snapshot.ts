import { InvalidInputError } from '../../errors/index.ts';
import type { DiskSnapshot } from '../../images/formats/disk-info.ts';
import { requireSnapshotName } from '../../images/qemu-img/disk-snapshot.ts';
import type { DiskPlan } from '../plan/plan.ts';

/** A state of all disks of a machine at one moment. */
export interface MachineSnapshot {
  readonly name: string;
  readonly createdAt: Date;
  /** Size of the saved memory and devices in bytes; 0 for a snapshot of the disks alone. */
  readonly memoryBytes: number;
}

/** The snapshots of each disk of one machine. */
export type SnapshotsOfDisks = readonly (readonly DiskSnapshot[])[];

/** Internal snapshot with the contents of the disks before an unfinished restore. Never shown to the user. */
export const BEFORE_RESTORE = 'vmlet:before-restore';

/**
 * Combines the snapshots of single disks. A snapshot that only some disks have is not a state of the machine:
 * it was made before a disk was added, or by another program.
 * @returns the oldest first.
 */
export function snapshotsOfMachine(disks: SnapshotsOfDisks): readonly MachineSnapshot[] {
  const [first = [], ...others] = disks;
  return first
    .filter(({ name }) => name !== BEFORE_RESTORE)
    .filter(({ name }) => others.every((snapshots) => snapshots.some((one) => one.name === name)))
    .map(({ name, createdAt }) => {
      const parts = disks.flat().filter((one) => one.name === name);
      return { name, createdAt, memoryBytes: Math.max(...parts.map(({ stateBytes }) => stateBytes)) };
    })
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
}

/**
 * Returns the disks that snapshots of a machine include: those that it writes to.
 * @throws InvalidInputError for a machine that writes to no disk, or to a raw disk, which cannot be included.
 */
export function disksInSnapshots<Disk extends Pick<DiskPlan, 'path' | 'format' | 'readOnly'>>(
  disks: readonly Disk[],
): readonly [Disk, ...Disk[]] {
  const writable = disks.filter(({ readOnly }) => !readOnly);
  const raw = writable.find(({ format }) => format === 'raw');
  if (raw) {
    throw new InvalidInputError('snapshot', `disk ${raw.path} has the format raw; snapshots require qcow2`, {
      hint: 'stop the machine, convert the disk (qemu-img convert -f raw -O qcow2 FILE NEW), then replace the disk: vmlet disk rm NAME DISK && vmlet disk add NAME NEW,adopt',
    });
  }
  const [first, ...others] = writable;
  if (first) return [first, ...others];
  throw new InvalidInputError('snapshot', 'the machine has no writable disk to store a snapshot in', {
    hint: 'add a disk first: vmlet disk add NAME 20G',
  });
}

/**
 * @throws InvalidInputError for an invalid name, and when any disk has it: QEMU would create a second
 * snapshot of that name.
 */
export function requireFreeName(disks: SnapshotsOfDisks, name: string): void {
  requireSnapshotName(name);
  if (name === BEFORE_RESTORE)
    throw new InvalidInputError('snapshot', `the name ${JSON.stringify(name)} is reserved`, {
      hint: 'choose another name',
    });
  if (disksWith(disks, name).length === 0) return;
  throw new InvalidInputError('snapshot', `snapshot ${JSON.stringify(name)} already exists`, {
    hint: 'choose another name, or remove the old snapshot first: vmlet snapshot rm NAME SNAPSHOT',
  });
}

/** @throws InvalidInputError when not all disks have it. */
export function requireSnapshot(disks: SnapshotsOfDisks, name: string): MachineSnapshot {
  const found = snapshotsOfMachine(disks).find((snapshot) => snapshot.name === name);
  if (found) return found;
  requireOnSomeDisk(disks, name);
  throw new InvalidInputError(
    'snapshot',
    `snapshot ${JSON.stringify(name)} exists on only some disks of the machine`,
    {
      hint: 'remove the disks that were added after the snapshot (vmlet disk rm), or remove the snapshot (vmlet snapshot rm)',
    },
  );
}

/**
 * Returns the indices of the disks that have it.
 * @throws InvalidInputError when none has it.
 */
export function requireOnSomeDisk(disks: SnapshotsOfDisks, name: string): readonly number[] {
  const found = disksWith(disks, name);
  if (found.length > 0) return found;
  throw new InvalidInputError('snapshot', `no such snapshot: ${JSON.stringify(name)}`);
}

function disksWith(disks: SnapshotsOfDisks, name: string): readonly number[] {
  return disks.flatMap((snapshots, index) => (snapshots.some((one) => one.name === name) ? [index] : []));
}
