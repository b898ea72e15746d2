import { lstat, mkdtemp, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Parser, type ReadEntry } from 'tar';
import { InvalidInputError, isSystemError } from '../../../errors/index.ts';
import { removeTree } from '../../../util/files/removal.ts';
import { writeFailure } from '../../../util/files/write-failure.ts';
import { invalidArchive } from './invalid-archive.ts';
import { TreeWriter } from './tree-writer.ts';

/**
 * Extracts an untrusted tar stream next to the target and moves it there when it is complete. An existing directory is
 * merged into: files replace files, and what only exists there stays.
 * @param isComplete rejects if the sender failed although its stream has ended.
 * @returns the number of devices, FIFOs and sockets that were left out.
 * @throws InvalidInputError, GuestProtocolError, NoSpaceError, PermissionError, or the stream's error.
 */
export async function extractTree(
  archive: AsyncIterable<Uint8Array>,
  target: string,
  isComplete: () => Promise<void>,
): Promise<number> {
  let beside: string | undefined;
  try {
    beside = await mkdtemp(join(dirname(target), `.${basename(target)}.new-`));
    const writer = new TreeWriter(beside);
    await readArchive(archive, async (entry) => writer.add(entry));
    await isComplete();
    await writer.finish();
    await merge(beside, target);
    return writer.skipped;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') && beside === undefined) {
      throw new InvalidInputError('target', `no such directory: ${dirname(target)}`, { cause: error });
    }
    throw writeFailure(error, target);
  } finally {
    if (beside !== undefined) removeTree(beside);
  }
}

/** Calls `take` for one entry after the other. */
async function readArchive(
  archive: AsyncIterable<Uint8Array>,
  take: (entry: ReadEntry) => Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  let current: ReadEntry | undefined;
  let work = Promise.resolve();
  let wake = (): void => undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    // Ends the work on an entry whose rest will not come.
    current?.destroy();
    wake();
  };
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      current = entry;
      work = work
        .then(async () => (failure ? undefined : take(entry)))
        .catch(fail)
        .finally(() => entry.resume());
    },
  });
  parser.on('error', (error: unknown) => fail(invalidArchive((error as Error).message, error)));
  parser.on('drain', () => wake());
  parser.on('end', () => wake());
  const until = async (act: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (act() || failure) resolve();
    });
  try {
    for await (const chunk of archive) {
      await until(() => parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
      if (failure) break;
    }
  } catch (error) {
    fail(error);
  }
  if (!failure) await until(() => (parser.end(), false));
  await work;
  if (failure) throw failure.error;
}

/** Moves a directory to its place, or its contents into the directory that is there. */
async function merge(from: string, to: string): Promise<void> {
  const existing = await lstat(to).catch(() => undefined);
  if (!existing) return rename(from, to);
  if (!existing.isDirectory()) throw new InvalidInputError('target', `${to} is not a directory`);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await merge(source, target);
    else if ((await lstat(target).catch(() => undefined))?.isDirectory()) {
      throw new InvalidInputError('target', `${target} is a directory`);
    } else await rename(source, target);
  }
}
