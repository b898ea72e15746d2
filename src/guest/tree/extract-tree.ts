import { lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { chmod, chown, lchown, lstat, mkdtemp, readdir, realpath, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { removeTree } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { OpenDirectory } from './open-directory.ts';
import { readTar } from './tar-reader.ts';
import { TreeWriter } from './tree-writer.ts';

/** Mode of a new directory without an entry of its own. */
const DIRECTORY_MODE = 0o755;

/** A user of the host, to whom root gives what it extracts. */
export interface TreeOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Extracts an untrusted tar stream into a private directory and moves it to its place when it is complete. An existing
 * directory is merged into: files replace files, and everything else there stays.
 * @param isComplete rejects if the sender failed although its stream has ended.
 * @param owner for root, the user to whom an existing target belongs, and everything that is extracted; this user may
 *   rename and replace anything there meanwhile, but leads root to no other place. `target` has no symbolic links then.
 * @returns the number of devices and FIFOs that were left out.
 * @throws InvalidInputError, GuestProtocolError, NoSpaceError, PermissionError, or the stream's error.
 */
export async function extractTree(
  archive: AsyncIterable<Uint8Array>,
  target: string,
  isComplete: () => Promise<void>,
  owner?: TreeOwner,
): Promise<number> {
  const existing = owner ? await itself(target) : await realpath(target).catch(() => undefined);
  await using place = await openPlace(existing ?? dirname(target), target, owner);
  try {
    if (existing !== undefined && owner) await requireOwner(place, target, owner);
    // On the file system of the target, in a directory that the user may write to.
    const name = basename(await mkdtemp(join(place.path, '.vmlet-')));
    await using own = await place.open(name);
    let isMoved = false;
    try {
      const writer = new TreeWriter(own.path);
      await readAll(archive, writer, isComplete);
      await writer.finish();
      if (existing === undefined) await chmod(own.path, DIRECTORY_MODE);
      if (owner) {
        // Where only root can reach it. A directory that is merged keeps its own attributes.
        await writer.setAttributes(own.path, new Set(existing === undefined ? [] : ['']));
        await giveTo(owner, own.path);
        if (existing === undefined) await chown(own.path, owner.uid, owner.gid);
      }
      const kept = new Set<string>();
      if (existing === undefined) {
        await rename(join(place.path, name), join(place.path, basename(target)));
        isMoved = true;
      } else {
        await findConflicts(own.path, existing);
        await merge(own.path, place, '', kept);
      }
      if (!owner) await writer.setAttributes(isMoved ? own.path : place.path, kept);
      return writer.skipped;
    } finally {
      if (!isMoved) {
        for (const left of readdirSync(own.path)) removeTree(join(own.path, left));
        // ENOTDIR: the owner has put a link there.
        unlessMissing(() => rmdirSync(join(place.path, name)), ['ENOENT', 'ENOTDIR']);
      }
    }
  } catch (error) {
    throw writeFailure(error, target);
  }
}

async function openPlace(path: string, target: string, owner: TreeOwner | undefined): Promise<OpenDirectory> {
  try {
    return await (owner ? OpenDirectory.withoutLinks(path) : OpenDirectory.at(path));
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw writeFailure(error, target);
    throw new InvalidInputError('target', `no such directory: ${dirname(target)}`, {
      hint: 'create the directory first, or choose another path',
      cause: error,
    });
  }
}

async function itself(path: string): Promise<string | undefined> {
  return (await lstat(path).catch(() => undefined)) && path;
}

/** @throws InvalidInputError if a directory has been replaced by one of another user. */
async function requireOwner(place: OpenDirectory, target: string, { uid }: TreeOwner): Promise<void> {
  const found = await place.owner();
  if (found === uid) return;
  throw new InvalidInputError('target', `${target} belongs to user ${found} now, instead of ${uid}`, {
    hint: 'it was replaced, or given to another user, while the guest ran',
  });
}

async function giveTo(owner: TreeOwner, directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    await lchown(path, owner.uid, owner.gid);
    if (entry.isDirectory()) await giveTo(owner, path);
  }
}

/** When the stream has ended too early, the sender's own error is the better one. */
async function readAll(
  archive: AsyncIterable<Uint8Array>,
  writer: TreeWriter,
  isComplete: () => Promise<void>,
): Promise<void> {
  const stream = { ended: false };
  const watched = (async function* (): AsyncGenerator<Uint8Array> {
    yield* archive;
    stream.ended = true;
  })();
  try {
    for await (const entry of readTar(watched)) await writer.add(entry);
  } catch (error) {
    if (stream.ended) await isComplete();
    throw error;
  }
  await isComplete();
}

/** Undefined for a missing path. A link to a directory is none. */
function isDirectory(path: string): boolean | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
}

/** Before anything is moved: a directory cannot replace a file, nor the other way round. */
async function findConflicts(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = join(to, entry.name);
    const found = isDirectory(target);
    if (found === undefined) continue;
    if (found !== entry.isDirectory()) {
      throw new InvalidInputError('target', `${target} is ${found ? '' : 'not '}a directory`, {
        hint: `a ${found ? 'file cannot replace a directory' : 'directory cannot replace a file'}: move ${target} away, or choose another target`,
      });
    }
    if (found) await findConflicts(join(from, entry.name), target);
  }
}

/** @param kept gets the names of directories that were there before. */
async function merge(from: string, to: OpenDirectory, name: string, kept: Set<string>): Promise<void> {
  kept.add(name);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to.path, entry.name)];
    if (entry.isDirectory() && isDirectory(target) === true) {
      await using inner = await to.open(entry.name);
      await merge(source, inner, name === '' ? entry.name : `${name}/${entry.name}`, kept);
    } else await rename(source, target);
  }
}
