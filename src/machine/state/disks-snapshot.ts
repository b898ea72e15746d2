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
  requireSomewhere,
  snapshotsOfMachine,
} from './machine-snapshot.ts';

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every function here takes the qcow2 files that a stopped machine writes to, its firmware's variables among them, and
 * throws InvalidInputError, ImageLockedError (as for a machine that runs), NoSpaceError, CommandFailedError, and the
 * signal's reason.
 */
export async function listDisksSnapshots(
  paths: readonly string[],
  { signal }: Abortable = {},
): Promise<readonly MachineSnapshot[]> {
  return snapshotsOfMachine(await snapshotsOf(paths, signal));
}

interface SnapshotDisksOptions extends Abortable {
  /** Called when the name is found to be free, before any disk is changed. */
  readonly onBegin?: () => void;
}

/** Keeps what the disks hold now; all of them, or none. After a caller that was killed, see `removeUnlessWhole`. */
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
 * Makes the disks what they were; all of them, or none. What was written since is lost, and so is memory that belongs
 * to the snapshot: the machine boots. A caller that is killed on the way leaves a state that `undoBrokenRestore` ends.
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
 * Ends a restore that was killed on its way, so that all disks are what they were before it, or all what they were to
 * become. For a machine that had none it only looks.
 */
export async function undoBrokenRestore(paths: readonly string[]): Promise<void> {
  const marked = (await snapshotsOf(paths)).map((disk) => disk.some(({ name }) => name === BEFORE_RESTORE));
  const touched = paths.filter((_, index) => marked[index] === true);
  // Where a disk has none, it was killed before the first disk was changed, or after the last one.
  if (touched.length === paths.length) {
    for (const path of paths) await applySnapshot({ path }, BEFORE_RESTORE);
  }
  await removeEach(touched, BEFORE_RESTORE);
}

/** Gives back the clusters that whoever was killed as it changed the tables of a disk had taken and not used. */
export async function repairLeaks(paths: readonly string[], { signal }: Abortable = {}): Promise<void> {
  for (const path of paths) await checkDisk({ path, format: 'qcow2', repair: 'leaks', signal });
}

/** Removes it from the disks that have it where others have not: whoever made it was killed on the way. */
export async function removeUnlessWhole(paths: readonly string[], name: string): Promise<void> {
  const disks = await snapshotsOf(paths);
  const having = paths.filter((_, index) => disks[index]?.some((one) => one.name === name) === true);
  if (having.length < paths.length) await removeEach(having, name);
}

/** Removes it from the disks that have it. One that is killed on the way is finished by a second. */
export async function removeSnapshots(
  paths: readonly string[],
  name: string,
  { signal }: Abortable = {},
): Promise<void> {
  const places = requireSomewhere(await snapshotsOf(paths, signal), name);
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
    // Between the disks only: a qemu-img that is killed as it writes leaves a disk with leaks.
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
