import { InvalidInputError, ProgramAnswerError } from '../../errors/index.ts';
import { escapeOptionValue } from '../../util/option-value.ts';
import type { DiskSnapshot } from '../formats/disk-info.ts';
import { diskPath } from './disk-path.ts';
import { inspectDisk } from './inspect-disk.ts';
import { type SnapshotVerb, repairArguments, snapshotArguments } from './qemu-img-arguments.ts';
import { qemuImg } from './qemu-img-command.ts';

/** A qcow2 that no machine uses just now. */
export interface SnapshotTarget {
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** Internal snapshots, kept in the qcow2 itself; the newest last. */
export async function listSnapshots(disk: SnapshotTarget): Promise<readonly DiskSnapshot[]> {
  return (await inspectDisk({ ...disk, format: 'qcow2' })).snapshots;
}

/** @throws InvalidInputError where the disk has one of this name already. */
export async function createSnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  if (await hasSnapshot(disk, name)) {
    throw new InvalidInputError('snapshot', `the disk has a snapshot ${JSON.stringify(name)} already`);
  }
  try {
    await snapshotCommand('-c', disk, name);
    await requireDone(disk, name, true);
  } catch (error) {
    await takeBack(disk.path, name);
    throw error;
  }
}

/**
 * What is there of a snapshot that was not made. Where the host refuses QEMU's last flush, its table of snapshots has
 * an entry with no name, in a cluster that is not counted as used (QEMU 10.0): the next one would go there.
 */
async function takeBack(path: string, name: string): Promise<void> {
  const disk = { path };
  try {
    if (await hasSnapshot(disk, name)) await snapshotCommand('-d', disk, name);
    await qemuImg(repairArguments(imageOption(path)), path, {});
    if ((await listSnapshots(disk)).some((snapshot) => snapshot.name === '')) {
      await snapshotCommand('-d', disk, '');
    }
  } catch {
    // Why it was not made is what counts, and is mostly why this fails too.
  }
}

/** Makes the disk what it was then; what was written since is lost. @throws InvalidInputError where there is none. */
export async function applySnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  await requireSnapshot(disk, name);
  await snapshotCommand('-a', disk, name);
}

/** @throws InvalidInputError where there is none. */
export async function deleteSnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  await requireSnapshot(disk, name);
  await snapshotCommand('-d', disk, name);
  await requireDone(disk, name, false);
}

async function snapshotCommand(verb: SnapshotVerb, disk: SnapshotTarget, name: string): Promise<void> {
  const { path, signal } = disk;
  await qemuImg(snapshotArguments(verb, name, imageOption(path)), path, { signal });
}

function imageOption(path: string): string {
  return `driver=qcow2,file.driver=file,file.filename=${escapeOptionValue(diskPath(path, 'path'))}`;
}

/** @throws ProgramAnswerError where the disk does not have, or still has, the snapshot. */
async function requireDone(disk: SnapshotTarget, name: string, isThere: boolean): Promise<void> {
  if ((await hasSnapshot(disk, name)) === isThere) return;
  const what = `the snapshot ${JSON.stringify(name)}`;
  throw new ProgramAnswerError('qemu-img', isThere ? `${what} was not made` : `${what} is still there`);
}

async function hasSnapshot(disk: SnapshotTarget, name: string): Promise<boolean> {
  requireSnapshotName(name);
  return (await listSnapshots(disk)).some((snapshot) => snapshot.name === name);
}

/** @throws InvalidInputError for what QEMU would cut off or take for a snapshot's number. */
export function requireSnapshotName(name: string): void {
  // qemu-img looks for an id before it looks for a name, and takes at most 255 bytes of it.
  if (name === '' || /^\d+$/.test(name) || name.includes('\0') || Buffer.byteLength(name) > 255) {
    throw new InvalidInputError('snapshot', `${JSON.stringify(name)} cannot be the name of a snapshot`, {
      hint: 'Take 1 to 255 bytes that are not only digits.',
    });
  }
}

async function requireSnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  if (!(await hasSnapshot(disk, name))) {
    throw new InvalidInputError('snapshot', `the disk has no snapshot ${JSON.stringify(name)}`);
  }
}
