import { InvalidInputError } from '../../errors/index.ts';
import type { DiskSnapshot } from '../../images/formats/disk-info.ts';
import { requireSnapshotName } from '../../images/qemu-img/disk-snapshot.ts';
import type { DiskPlan } from '../plan/plan.ts';

/** A state of all disks of a machine at one moment. */
export interface MachineSnapshot {
  readonly name: string;
  readonly createdAt: Date;
  /** Bytes of memory and devices that belong to it; 0 for the disks alone. */
  readonly memoryBytes: number;
}

/** The snapshots that each disk of one machine has. */
export type SnapshotsOfDisks = readonly (readonly DiskSnapshot[])[];

/** What the disks held before a restore that is not finished. It is nobody's to see. */
export const BEFORE_RESTORE = 'vmlet:before-restore';

/**
 * What the snapshots of single disks make of a machine's. One that only some disks have is no state of the machine: it
 * was made before a disk was added, or by somebody else.
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
 * The disks that snapshots of a machine are made of: those that it writes to.
 * @throws InvalidInputError for a machine that has none, and for one that writes to a raw disk, whose state would be
 *   missing.
 */
export function disksInSnapshots<Disk extends Pick<DiskPlan, 'path' | 'format' | 'readOnly'>>(
  disks: readonly Disk[],
): readonly [Disk, ...Disk[]] {
  const writable = disks.filter(({ readOnly }) => !readOnly);
  const raw = writable.find(({ format }) => format === 'raw');
  if (raw) {
    throw new InvalidInputError('snapshot', `the disk ${raw.path} is raw, and only a qcow2 holds snapshots`, {
      hint: 'convert it while the machine is stopped (qemu-img convert -O qcow2), and use the copy',
    });
  }
  const [first, ...others] = writable;
  if (first) return [first, ...others];
  throw new InvalidInputError(
    'snapshot',
    'the machine writes to no disk, so that there is nowhere to keep one',
  );
}

/** @throws InvalidInputError for an impossible name, and where any disk has it: QEMU would make a second one. */
export function requireFreeName(disks: SnapshotsOfDisks, name: string): void {
  requireSnapshotName(name);
  if (name === BEFORE_RESTORE) throw new InvalidInputError('snapshot', `vmlet itself uses the name ${name}`);
  if (disksWith(disks, name).length === 0) return;
  throw new InvalidInputError('snapshot', `there is a snapshot ${JSON.stringify(name)} already`, {
    hint: 'take another name, or remove the old one first',
  });
}

/** @throws InvalidInputError where not all disks have it. */
export function requireSnapshot(disks: SnapshotsOfDisks, name: string): MachineSnapshot {
  const found = snapshotsOfMachine(disks).find((snapshot) => snapshot.name === name);
  if (found) return found;
  requireSomewhere(disks, name);
  throw new InvalidInputError(
    'snapshot',
    `only some disks of the machine have the snapshot ${JSON.stringify(name)}`,
    { hint: 'a disk was added since; detach it to restore the others, or remove the snapshot' },
  );
}

/**
 * The places of the disks that have it.
 * @throws InvalidInputError where none has.
 */
export function requireSomewhere(disks: SnapshotsOfDisks, name: string): readonly number[] {
  const found = disksWith(disks, name);
  if (found.length > 0) return found;
  throw new InvalidInputError('snapshot', `there is no snapshot ${JSON.stringify(name)}`);
}

function disksWith(disks: SnapshotsOfDisks, name: string): readonly number[] {
  return disks.flatMap((snapshots, index) => (snapshots.some((one) => one.name === name) ? [index] : []));
}
