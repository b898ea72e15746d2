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
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { OTHERS_ENTER, OTHERS_WRITE, isOwnDirectory } from '../../util/files/own-entries.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeTree } from '../../util/files/removal.ts';

const LONGEST_SOCKET_NAME = 'network.sock'.length;

/**
 * Creates a private directory under `parent` with its owner encoded in its name, and removes it with the
 * scope. Because the name is the record, the owner is known from the moment the directory exists.
 */
export function claimDirectory(parent: string, scope: Scope): string {
  ensurePrivateDirectory(parent);
  return claimPath(join(parent, nameOfOwned(ownIdentity())), scope);
}

/** Claims a path again that this process claimed earlier and that no longer exists. */
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

/** Scopes do not close when the program calls process.exit(). One listener serves all directories. */
const claimed = new Set<string>();

function removeAllClaimed(): void {
  for (const path of claimed) {
    try {
      removeTree(path);
    } catch (error) {
      // The process is exiting and has nowhere left to report; the next sweep removes the directory.
      if (!isSystemError(error)) throw error;
    }
  }
}

/**
 * Removes the directories under `parent` whose owners are dead, including those from earlier boots. Removes
 * nothing through a symbolic link, or where other users can create files.
 */
export function sweepDeadOwners(parent: string): void {
  if (!isOwnDirectory(parent, OTHERS_WRITE)) return;
  for (const name of unlessMissing(() => readdirSync(parent), ['ENOENT']) ?? []) {
    const owner = ownerInName(name);
    if (owner && !isAlive(owner)) removeTree(join(parent, name));
  }
}

/**
 * @throws InvalidInputError when sockets in a machine's directory under `parent` would exceed the kernel's
 * path limit.
 */
export function checkSocketLength(parent: string): void {
  const longest = join(parent, nameOfOwned(ownIdentity()), 'x'.repeat(LONGEST_SOCKET_NAME));
  const length = Buffer.byteLength(longest);
  if (length <= LONGEST_SOCKET_PATH) return;
  throw new InvalidInputError(
    'XDG_RUNTIME_DIR',
    `${parent} is too long: socket paths in it would have ${length} bytes (limit: ${LONGEST_SOCKET_PATH})`,
    { hint: `set XDG_RUNTIME_DIR to a shorter path, such as /run/user/${process.getuid?.() ?? 'UID'}` },
  );
}

/**
 * Creates a directory and its parents if missing.
 * @throws PermissionError when the path is not a directory, belongs to another user, is open to others, or
 * could be replaced by others.
 */
export function ensurePrivateDirectory(path: string): void {
  const parent = dirname(path);
  // Checked before anything is created in it, in case the parent is a symbolic link.
  if (!protectsEntries(parent)) {
    throw new PermissionError(`other users can write to ${parent}, and could replace ${path}`, {
      hint: `make ${parent} a directory that you own and that nobody else can write to`,
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
    throw new PermissionError(`${path} is not a private directory of this user`, {
      hint: `remove ${path}, or make it a directory that you own with mode 0700`,
      cause: obstacle,
    });
  }
}

/** True for a directory, not a symbolic link, that belongs to the user and that nobody else can enter. */
export function isPrivateDirectory(path: string): boolean {
  return isOwnDirectory(path, OTHERS_ENTER);
}

/**
 * True when only an entry's owner (or root) can replace the entry. This holds for directories that we create.
 */
function protectsEntries(directory: string): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (!found) return true;
  const { uid, gid, mode } = found;
  const isSticky = (mode & 0o1000) !== 0;
  // A private group for each user is common, with an umask that lets the group write.
  const othersWrite = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.());
  const owners = [uid, lstatSync(directory).uid];
  return owners.every(isOwnOrRoot) && (isSticky || !othersWrite);
}

/** In a user namespace that does not map it, the host's root appears as nobody. */
const UNMAPPED = 65_534;

function isOwnOrRoot(uid: number): boolean {
  return [0, UNMAPPED, process.getuid?.()].includes(uid);
}

let ownIdentityOnce: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  ownIdentityOnce ??= identifyProcess(process.pid);
  if (!ownIdentityOnce)
    throw new PermissionError('/proc does not list this process', { hint: 'mount /proc' });
  return ownIdentityOnce;
}

/** Returns a unique name that identifies its owner. */
export function nameOfOwned({ pid, startTime, bootId }: ProcessIdentity): string {
  return [bootId.slice(0, 8), pid, startTime, randomBytes(3).toString('hex')].join('-');
}

/** Returns the owner encoded by `nameOfOwned`; undefined for any other name. */
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
