import { lstatSync } from 'node:fs';
import { chmod, mkdtemp, readdir, realpath, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { removeTree } from '../../util/files/removal.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { readTar } from './tar-reader.ts';
import { TreeWriter } from './tree-writer.ts';

/** Mode of a new directory without an entry of its own. */
const DIRECTORY_MODE = 0o755;

/**
 * Extracts an untrusted tar stream into a private directory and moves it to its place when it is complete. An existing
 * directory is merged into: files replace files, and everything else there stays.
 * @param isComplete rejects if the sender failed although its stream has ended.
 * @returns the number of devices and FIFOs that were left out.
 * @throws InvalidInputError, GuestProtocolError, NoSpaceError, PermissionError, or the stream's error.
 */
export async function extractTree(
  archive: AsyncIterable<Uint8Array>,
  target: string,
  isComplete: () => Promise<void>,
): Promise<number> {
  const existing = await realpath(target).catch(() => undefined);
  const place = existing ?? target;
  let beside: string | undefined;
  try {
    // On the file system of the target, in a directory that the user may write to.
    beside = await mkdtemp(join(existing ?? dirname(target), '.vmlet-'));
    const writer = new TreeWriter(beside);
    await readAll(archive, writer, isComplete);
    await writer.finish();
    const kept = new Set<string>();
    if (existing === undefined) {
      await chmod(beside, DIRECTORY_MODE);
      await rename(beside, place);
    } else {
      await findConflicts(beside, place);
      await merge(beside, place, '', kept);
    }
    await writer.setAttributes(place, kept);
    return writer.skipped;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR') && beside === undefined) {
      throw new InvalidInputError('target', `no such directory: ${dirname(target)}`, {
        hint: 'create the directory first, or choose another path',
        cause: error,
      });
    }
    throw writeFailure(error, target);
  } finally {
    if (beside !== undefined) removeTree(beside);
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
async function merge(from: string, to: string, name: string, kept: Set<string>): Promise<void> {
  kept.add(name);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && isDirectory(target) === true) {
      await merge(source, target, name === '' ? entry.name : `${name}/${entry.name}`, kept);
    } else await rename(source, target);
  }
}
