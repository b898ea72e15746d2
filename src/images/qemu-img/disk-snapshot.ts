import { InvalidInputError, ProgramAnswerError } from '../../errors/index.ts';
import { escapeOptionValue } from './option-value.ts';
import type { DiskSnapshot } from '../formats/disk-info.ts';
import { diskPath } from './disk-path.ts';
import { inspectDisk } from './inspect-disk.ts';
import { type SnapshotVerb, repairArguments, snapshotArguments } from './qemu-img-arguments.ts';
import { qemuImg } from './qemu-img-command.ts';

/** A qcow2 that no machine uses at the moment. */
export interface SnapshotTarget {
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** Lists the internal snapshots of a qcow2, newest last. */
export async function listSnapshots(disk: SnapshotTarget): Promise<readonly DiskSnapshot[]> {
  return (await inspectDisk({ ...disk, format: 'qcow2' })).snapshots;
}

/** Creates an internal snapshot. @throws InvalidInputError when the disk already has one of this name. */
export async function createSnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  if (await hasSnapshot(disk, name)) {
    throw new InvalidInputError('snapshot', `snapshot ${JSON.stringify(name)} already exists`);
  }
  try {
    await snapshotCommand('-c', disk, name);
    await requireDone(disk, name, true);
  } catch (error) {
    await undoSnapshot(disk.path, name);
    throw error;
  }
}

/**
 * Removes what a failed creation left. When QEMU's last flush fails, the snapshot table has an unnamed entry, in a
 * cluster that is not marked as used (QEMU 10.0): the next snapshot would overwrite it.
 */
async function undoSnapshot(path: string, name: string): Promise<void> {
  const disk = { path };
  try {
    if (await hasSnapshot(disk, name)) await snapshotCommand('-d', disk, name);
    await qemuImg(repairArguments(imageOption(path)), path, {});
    if ((await listSnapshots(disk)).some((snapshot) => snapshot.name === '')) {
      await snapshotCommand('-d', disk, '');
    }
  } catch {
    // The first error is reported; this one most often has the same cause.
  }
}

/**
 * Restores the disk to a snapshot; later writes are lost. @throws InvalidInputError when there is no such snapshot.
 */
export async function applySnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  await requireSnapshot(disk, name);
  await snapshotCommand('-a', disk, name);
}

/** Deletes an internal snapshot. @throws InvalidInputError when there is no such snapshot. */
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

/** @throws ProgramAnswerError when a created snapshot is missing, or a deleted one still exists. */
async function requireDone(disk: SnapshotTarget, name: string, isThere: boolean): Promise<void> {
  if ((await hasSnapshot(disk, name)) === isThere) return;
  const what = `snapshot ${JSON.stringify(name)}`;
  throw new ProgramAnswerError('qemu-img', isThere ? `${what} was not created` : `${what} still exists`);
}

async function hasSnapshot(disk: SnapshotTarget, name: string): Promise<boolean> {
  requireSnapshotName(name);
  return (await listSnapshots(disk)).some((snapshot) => snapshot.name === name);
}

/** @throws InvalidInputError for a name that QEMU would truncate or take for a snapshot's number. */
export function requireSnapshotName(name: string): void {
  // qemu-img looks for an id before it looks for a name, and uses at most 255 bytes of the name.
  if (name === '' || /^\d+$/.test(name) || name.includes('\0') || Buffer.byteLength(name) > 255) {
    throw new InvalidInputError('snapshot', `invalid name ${JSON.stringify(name)}`, {
      hint: 'use a name of 1 to 255 bytes with at least one character that is not a digit',
    });
  }
}

async function requireSnapshot(disk: SnapshotTarget, name: string): Promise<void> {
  if (!(await hasSnapshot(disk, name))) {
    throw new InvalidInputError('snapshot', `no such snapshot: ${JSON.stringify(name)}`);
  }
}
