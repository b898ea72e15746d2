import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidInputError, PermissionError, isSystemError } from '../../errors/index.ts';
import {
  type ProcessIdentity,
  currentBootId,
  identifyProcess,
  isAlive,
} from '../../process/procfs/identity.ts';
import type { Scope } from '../../util/scope.ts';
import { LONGEST_SOCKET_PATH } from '../../util/socket-limit.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeTree } from '../../util/files/removal.ts';

const LONGEST_SOCKET_NAME = 'network.sock'.length;

/**
 * Makes a private directory under `parent` that bears its owner in its name, and removes it with the scope.
 * The name is the record: there is no moment at which a directory exists and its owner is not known.
 */
export function claimDirectory(parent: string, scope: Scope): string {
  ensurePrivateDirectory(parent);
  return claimPath(join(parent, nameOfOwned(ownIdentity())), scope);
}

/** The same for a path that this process had claimed before, and that nothing is at any more. */
export function claimPath(path: string, scope: Scope): string {
  mkdirSync(path, { mode: 0o700 });
  if (claimed.size === 0) process.on('exit', removeAllClaimed);
  claimed.add(path);
  scope.defer(() => {
    removeTree(path);
    claimed.delete(path);
    if (claimed.size === 0) process.off('exit', removeAllClaimed);
  });
  return path;
}

/** Scopes do not close when the program calls process.exit(): one listener for all directories, however many machines. */
const claimed = new Set<string>();

function removeAllClaimed(): void {
  for (const path of claimed) {
    try {
      removeTree(path);
    } catch (error) {
      // The process ends, and has said what there was to say; whoever comes next sweeps it away.
      if (!isSystemError(error)) throw error;
    }
  }
}

/**
 * Removes the directories under `parent` whose owners are dead. Those of other boots count as dead. Nothing is removed
 * through a link, or where others may put their own.
 */
export function sweepDeadOwners(parent: string): void {
  if (!isOwnDirectory(parent, OTHERS_WRITE)) return;
  for (const name of unlessMissing(() => readdirSync(parent), ['ENOENT']) ?? []) {
    const owner = ownerInName(name);
    if (owner && !isAlive(owner)) removeTree(join(parent, name));
  }
}

/** @throws InvalidInputError where sockets in a machine's directory under `parent` would be too long for the kernel. */
export function checkSocketLength(parent: string): void {
  const longest = join(parent, nameOfOwned(ownIdentity()), 'x'.repeat(LONGEST_SOCKET_NAME));
  const length = Buffer.byteLength(longest);
  if (length <= LONGEST_SOCKET_PATH) return;
  throw new InvalidInputError(
    'XDG_RUNTIME_DIR',
    `sockets under ${parent} would have paths of ${length} bytes, and the kernel allows ${LONGEST_SOCKET_PATH}`,
    { hint: 'set XDG_RUNTIME_DIR to a shorter path, such as /run/user/UID' },
  );
}

/**
 * Makes a directory with its parents where there is none.
 * @throws PermissionError where something else has its name, where it belongs to another user or is open to others, and
 *   where others could put another in its place.
 */
export function ensurePrivateDirectory(path: string): void {
  const parent = dirname(path);
  // Before anything is made in it, or through a link that it may be.
  if (!keepsNames(parent)) {
    throw new PermissionError(`others can put something else in the place of ${path}`, {
      hint: `make ${parent} a directory of yours that nobody else may write to`,
    });
  }
  let obstacle: unknown;
  try {
    makeDirectories(path);
  } catch (error) {
    const isTaken = error instanceof PermissionError && isSystemError(error.cause, 'EEXIST');
    if (!isTaken) throw error;
    obstacle = error;
  }
  if (!isPrivateDirectory(path)) {
    throw new PermissionError(`${path} is not a directory that belongs to this user alone`, {
      hint: `remove what is there, or make it yours with mode 0700; vmlet puts nothing where others could reach it`,
      cause: obstacle,
    });
  }
}

const OTHERS_WRITE = 0o022;
const OTHERS_ENTER = 0o077;

/** Of the user, nobody else's to enter, and no link. */
export function isPrivateDirectory(path: string): boolean {
  return isOwnDirectory(path, OTHERS_ENTER);
}

function isOwnDirectory(path: string, forbiddenMode: number): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return (
      found !== undefined &&
      found.isDirectory() &&
      found.uid === process.getuid?.() &&
      (found.mode & forbiddenMode) === 0
    );
  } catch (error) {
    // On the way to it is a directory that is closed to us.
    if (isSystemError(error, 'EACCES')) return false;
    throw error;
  }
}

/** Whether only the owner of an entry may give its name to something else, beside root; so it is with one that we make. */
function keepsNames(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (!found) return true;
  const { uid, gid, mode } = found;
  const isSticky = (mode & 0o1000) !== 0;
  // A group of the user's own is common, with an umask that lets it write.
  const othersWrite = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.());
  const owners = [uid, lstatSync(directory).uid];
  return owners.every(isOwnOrRoot) && (isSticky || !othersWrite);
}

/** In a user namespace that does not map it, the host's root looks like nobody. */
const UNMAPPED = 65_534;

function isOwnOrRoot(uid: number): boolean {
  return [0, UNMAPPED, process.getuid?.()].includes(uid);
}

let ownIdentityOnce: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  ownIdentityOnce ??= identifyProcess(process.pid);
  if (!ownIdentityOnce)
    throw new PermissionError('/proc does not show this process', { hint: 'mount /proc' });
  return ownIdentityOnce;
}

/** A name that says whose it is, and that nobody else has. */
export function nameOfOwned({ pid, startTime, bootId }: ProcessIdentity): string {
  return [bootId.slice(0, 8), pid, startTime, randomBytes(3).toString('hex')].join('-');
}

/** Whose a name is that `nameOfOwned` made; undefined for another. */
export function ownerInName(name: string): ProcessIdentity | undefined {
  const match = /^([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{6}$/.exec(name);
  if (!match) return undefined;
  const bootId = currentBootId();
  return {
    pid: Number(match[2]),
    startTime: Number(match[3]),
    bootId: bootId.startsWith(match[1] ?? '') ? bootId : 'of another boot',
  };
}
