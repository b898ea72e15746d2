import {
  applySnapshot,
  createSnapshot,
  deleteSnapshot,
  listSnapshots,
} from '../../images/qemu-img/disk-snapshot.ts';
import { checkDisk } from '../../images/qemu-img/check-disk.ts';
import { Scope } from '../../util/scope.ts';
import {
  BEFORE_RESTORE,
  type MachineSnapshot,
  type SnapshotsOfDisks,
  requireFreeName,
  requireSnapshot,
  requireOnSomeDisk,
  snapshotsOfMachine,
} from './machine-snapshot.ts';

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every function here takes the qcow2 files that a stopped machine writes to, including its firmware's
 * variables, and throws InvalidInputError, ImageLockedError (as for a running machine), NoSpaceError,
 * CommandFailedError, or the signal's reason.
 */
export async function listDisksSnapshots(
  paths: readonly string[],
  { signal }: Abortable = {},
): Promise<readonly MachineSnapshot[]> {
  return snapshotsOfMachine(await snapshotsOf(paths, signal));
}

interface SnapshotDisksOptions extends Abortable {
  /** Called once the name is known to be free, before any disk is changed. */
  readonly onBegin?: () => void;
}

/**
 * Creates a snapshot of all disks, or of none. For a caller that was killed halfway, see `removeUnlessWhole`.
 */
export async function snapshotDisks(
  paths: readonly string[],
  name: string,
  { signal, onBegin = () => undefined }: SnapshotDisksOptions = {},
): Promise<void> {
  requireFreeName(await snapshotsOf(paths, signal), name);
  onBegin();
  await snapshotEach(paths, name, signal);
}

/**
 * Restores a snapshot on all disks, or on none. Later writes are lost, and so is memory that belongs to the
 * snapshot: the machine boots afresh. If the caller is killed halfway, `undoBrokenRestore` repairs the disks.
 */
export async function restoreDisks(
  paths: readonly string[],
  name: string,
  { signal }: Abortable = {},
): Promise<void> {
  await undoBrokenRestore(paths);
  requireSnapshot(await snapshotsOf(paths, signal), name);
  await snapshotEach(paths, BEFORE_RESTORE, signal);
  try {
    for (const path of paths) {
      signal?.throwIfAborted();
      await applySnapshot({ path }, name);
    }
  } catch (error) {
    await undoBrokenRestore(paths);
    throw error;
  }
  await removeEach(paths, BEFORE_RESTORE);
}

/**
 * Completes or undoes a restore whose caller was killed, so that all disks are in the same state. Read-only
 * if no restore was interrupted.
 */
export async function undoBrokenRestore(paths: readonly string[]): Promise<void> {
  const marked = (await snapshotsOf(paths)).map((disk) => disk.some(({ name }) => name === BEFORE_RESTORE));
  const touched = paths.filter((_, index) => marked[index] === true);
  // Only some disks have one: the restore was killed before it changed the first disk, or after it changed
  // the last.
  if (touched.length === paths.length) {
    for (const path of paths) await applySnapshot({ path }, BEFORE_RESTORE);
  }
  await removeEach(touched, BEFORE_RESTORE);
}

/** Frees clusters that a killed process had allocated but not used while it changed a disk's tables. */
export async function repairLeaks(paths: readonly string[], { signal }: Abortable = {}): Promise<void> {
  for (const path of paths) await checkDisk({ path, format: 'qcow2', repair: 'leaks', signal });
}

/** Removes a snapshot that only some disks have because its creation was interrupted. */
export async function removeUnlessWhole(paths: readonly string[], name: string): Promise<void> {
  const disks = await snapshotsOf(paths);
  const having = paths.filter((_, index) => disks[index]?.some((one) => one.name === name) === true);
  if (having.length < paths.length) await removeEach(having, name);
}

/** Removes the snapshot from the disks that have it. After an interruption, a second call completes it. */
export async function removeSnapshots(
  paths: readonly string[],
  name: string,
  { signal }: Abortable = {},
): Promise<void> {
  const places = requireOnSomeDisk(await snapshotsOf(paths, signal), name);
  await removeEach(
    paths.filter((_, index) => places.includes(index)),
    name,
    signal,
  );
}

async function snapshotsOf(paths: readonly string[], signal?: AbortSignal): Promise<SnapshotsOfDisks> {
  return Promise.all(paths.map(async (path) => listSnapshots({ path, signal })));
}

async function snapshotEach(
  paths: readonly string[],
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using made = new Scope();
  for (const path of paths) {
    // Aborts only between disks: a qemu-img that is killed while writing leaves leaked clusters.
    signal?.throwIfAborted();
    await createSnapshot({ path }, name);
    made.defer(async () => deleteSnapshot({ path }, name));
  }
  made.move();
}

async function removeEach(paths: readonly string[], name: string, signal?: AbortSignal): Promise<void> {
  for (const path of paths) {
    signal?.throwIfAborted();
    await deleteSnapshot({ path }, name);
  }
}
