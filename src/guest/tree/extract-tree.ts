import { lstatSync } from 'node:fs';
import { chmod, chown, lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CopyBackError, InvalidInputError, VmletError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { TreeMerge } from './merge-tree.ts';
import { OpenDirectory } from './open-directory.ts';
import { PrivateDirectory } from './private-directory.ts';
import { readTar } from './tar-reader.ts';
import { type TreeOwner, giveContents, openOwned } from './tree-owner.ts';
import { TreeWriter } from './tree-writer.ts';

/** Mode of a new directory without an entry of its own. */
const DIRECTORY_MODE = 0o755;

/** Options of `extractTree`. */
export interface ExtractOptions {
  /**
   * For root, the user to whom an existing target belongs, and everything that is extracted. This user may rename and
   * replace anything there meanwhile, but leads root to no other place. `target` has no symbolic links then.
   */
  readonly owner?: TreeOwner | undefined;
  /** Keeps a complete tree that cannot be put in its place, or what is left of it, as `TARGET.guest`. */
  readonly keepsRest?: boolean | undefined;
}

/**
 * Extracts an untrusted tar stream into a private directory and moves it to its place when it is complete. An existing
 * directory is merged into: files replace files, and everything else there stays.
 * @param isComplete rejects if the sender failed although its stream has ended.
 * @returns the number of devices and FIFOs that were left out.
 * @throws InvalidInputError, GuestProtocolError, NoSpaceError, PermissionError, CopyBackError with `keepsRest`, or the
 * stream's error.
 */
export async function extractTree(
  archive: AsyncIterable<Uint8Array>,
  target: string,
  isComplete: () => Promise<void>,
  { owner, keepsRest = false }: ExtractOptions = {},
): Promise<number> {
  const existing = owner ? await itself(target) : await realpath(target).catch(() => undefined);
  try {
    await using place = await openPlace(existing, target, owner);
    // On the file system of the target, in a directory that the user may write to.
    await using own = await PrivateDirectory.make(place, owner !== undefined);
    const writer = new TreeWriter(own.path);
    await readAll(archive, writer, isComplete);
    const advice = keepsRest
      ? `then copy the guest’s files to ${target} by hand`
      : 'or choose another target';
    const tree = new ExtractedTree(own, writer, place, target, owner, new TreeMerge(target, advice));
    try {
      await tree.putInPlace(existing !== undefined);
    } catch (error) {
      if (!keepsRest || tree.isInPlace) throw error;
      throw await tree.keepRest(writeFailure(error, target), existing !== undefined);
    }
    return writer.skipped;
  } catch (error) {
    throw writeFailure(error, target);
  }
}

/** A complete tree in a private directory of the place that it belongs to. */
class ExtractedTree {
  readonly #own: PrivateDirectory;
  readonly #writer: TreeWriter;
  readonly #place: OpenDirectory;
  readonly #target: string;
  readonly #owner: TreeOwner | undefined;
  readonly #merge: TreeMerge;
  #isGiven = false;
  /** All of its files, if perhaps not all modes. */
  isInPlace = false;

  constructor(
    own: PrivateDirectory,
    writer: TreeWriter,
    place: OpenDirectory,
    target: string,
    owner: TreeOwner | undefined,
    merge: TreeMerge,
  ) {
    this.#own = own;
    this.#writer = writer;
    this.#place = place;
    this.#target = target;
    this.#owner = owner;
    this.#merge = merge;
  }

  /** @param merges the place is the target. */
  async putInPlace(merges: boolean): Promise<void> {
    const [own, writer, owner] = [this.#own, this.#writer, this.#owner];
    await writer.finish();
    if (owner) {
      // While only root can reach it.
      await writer.setAttributes(own.path, (name) => name !== '');
      await giveContents(own.path, owner);
      this.#isGiven = true;
    }
    if (!merges) {
      await own.rename(basename(this.#target));
      this.isInPlace = true;
      await this.#open(() => true);
      return;
    }
    await this.#merge.run(own.path, this.#place);
    this.isInPlace = true;
    // For another user, they have been set.
    if (!owner) await writer.setAttributes(this.#place.path, (name) => !this.#merge.existing.has(name));
  }

  /** Keeps what is not in its place. @returns the error for the user. */
  async keepRest(why: unknown, merges: boolean): Promise<CopyBackError> {
    const own = this.#own;
    own.keep();
    const isForRoot = this.#owner !== undefined && !this.#isGiven;
    try {
      await using outer = merges ? await this.#place.openOuter() : undefined;
      await own.moveBeside(outer ?? this.#place, basename(this.#target));
    } catch {
      // It stays where it is, such as below a directory that is a mount.
    }
    try {
      const left = new Set([...this.#writer.directories].filter((name) => exists(join(own.path, name))));
      if (!this.#owner && this.#merge.hasBegun)
        await this.#writer.setAttributes(this.#place.path, (name) => !left.has(name));
      if (!isForRoot) await this.#open((name) => left.has(name));
    } catch {
      // The files are there, in a directory that only this user can enter; the first error says more.
    }
    const problem = why instanceof InvalidInputError ? '' : `: ${messageOf(why)}`;
    const [part, rest] = this.#merge.hasBegun
      ? ['only a part', 'the rest is']
      : ['nothing', 'the guest’s files are'];
    const where = await own.whereabouts();
    return new CopyBackError(
      `${part} was copied back to ${this.#target}${problem}; ${rest} in ${where}${isForRoot ? ', and belong to root' : ''}`,
      [where],
      { ...(why instanceof VmletError && { hint: why.hint }), cause: why },
    );
  }

  /** Gives the directory itself to its user, with the modes of directories in it; this ends its privacy. */
  async #open(has: (name: string) => boolean): Promise<void> {
    const [{ path }, owner] = [this.#own, this.#owner];
    if (owner) await chown(path, owner.uid, owner.gid);
    await chmod(path, DIRECTORY_MODE);
    await this.#writer.setAttributes(path, (name) => has(name) && (!owner || name === ''));
  }
}

async function openPlace(
  existing: string | undefined,
  target: string,
  owner: TreeOwner | undefined,
): Promise<OpenDirectory> {
  try {
    if (!owner) return await OpenDirectory.at(existing ?? dirname(target));
    return await (existing === undefined
      ? OpenDirectory.withoutLinks(dirname(target))
      : openOwned(existing, owner));
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new InvalidInputError('target', `no such directory: ${dirname(target)}`, {
      hint: 'create the directory first, or choose another path',
      cause: error,
    });
  }
}

async function itself(path: string): Promise<string | undefined> {
  return (await lstat(path).catch(() => undefined)) && path;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
