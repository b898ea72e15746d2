import { lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { OpenDirectory } from './open-directory.ts';

/** A user of the host, for whom root reads and writes a directory. */
export interface TreeOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Opens a directory of this user, who may replace it, and directories above it, at any time.
 * @param path absolute, without symbolic links.
 * @throws InvalidInputError if it has been removed, or replaced by a link or a directory of another user; the system's error.
 */
export async function openOwned(path: string, { uid }: TreeOwner): Promise<OpenDirectory> {
  const directory = await OpenDirectory.withoutLinks(path).catch((error: unknown) => {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    throw replaced(`${path} is not the directory that was found at the start any more`, error);
  });
  const found = (await directory.stat()).uid;
  if (found === uid) return directory;
  await directory[Symbol.asyncDispose]();
  throw replaced(`${path} belongs to user ${found} now, instead of ${uid}`);
}

function replaced(problem: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('target', problem, {
    hint: 'do not replace this directory while the machine runs; check who owns it, then run the command again',
    cause,
  });
}

/**
 * Gives everything in a directory to a user.
 * @param directory only this process can enter it: a user who could, would replace what it contains by links.
 * @throws the system's error, as where the file system has no owners.
 */
export async function giveContents(directory: string, owner: TreeOwner): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    // A directory last: its new owner may change it.
    if (entry.isDirectory()) await giveContents(path, owner);
    await give(path, owner);
  }
}

async function give(path: string, { uid, gid }: TreeOwner): Promise<void> {
  try {
    await lchown(path, uid, gid);
  } catch (error) {
    // Some file systems give every file to one user, and may refuse even that one.
    const found = await lstat(path);
    if (!isSystemError(error) || found.uid !== uid || found.gid !== gid) throw error;
  }
}
