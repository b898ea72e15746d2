import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MachineBusyError, MachineNotFoundError, isSystemError } from '../../errors/index.ts';
import { type FileLock, holdFileLock } from '../../process/lock/file-lock.ts';
import type { Scope } from '../../util/scope.ts';
import { endLostRun } from './lost-run.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeFile } from '../../util/files/removal.ts';

type LockFiles = Pick<MachineFiles, 'directory' | 'lock'>;

/**
 * Makes the caller the only one who changes the machine, until the scope closes. It does not wait: of several at once
 * one goes on, and the others are told who does. What was left by somebody who was killed is cleared first.
 * @param verb what for, in the words of the error that others get, as in "starting it".
 * @throws MachineBusyError, MachineNotFoundError
 */
export async function lockMachine(
  name: string,
  files: MachineFiles,
  verb: string,
  scope: Scope,
): Promise<FileLock> {
  const held = await lockDirectory(name, files, verb, scope);
  removeHalfWritten(files.directory);
  removeHalfWritten(files.ssh);
  removeHalfWritten(files.logs);
  removeHalfWritten(files.sockets);
  await endLostRun(files);
  return held;
}

/** The same for a machine of which nothing is known but its directory, as it is. */
export async function lockDirectory(
  name: string,
  files: LockFiles,
  verb: string,
  scope: Scope,
): Promise<FileLock> {
  const held = await tryLock(name, files, scope);
  if (!held) throw new MachineBusyError(name, readHolder(files.lock));
  // While it was opened, the machine may have been removed or renamed, and perhaps another has its name.
  if (inodeOf(files.lock) !== held.inode) throw new MachineNotFoundError(name);
  say(files.lock, `${verb} (process ${process.pid})`);
  scope.defer(() => {
    // Gone with a machine that was removed or renamed under this lock.
    if (inodeOf(files.lock) === held.inode) say(files.lock, '');
  });
  return held;
}

/** For others, who are told less where the disk is full: to stop and to remove machines is what makes room. */
function say(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC', 'EDQUOT')) throw error;
  }
}

async function tryLock(name: string, files: LockFiles, scope: Scope): Promise<FileLock | undefined> {
  try {
    return await holdFileLock(files.lock, scope);
  } catch (error) {
    // Removed or renamed since it was looked up.
    if (isSystemError(error, 'ENOENT') && !existsSync(files.directory)) throw new MachineNotFoundError(name);
    throw error;
  }
}

/** What `replaceFile` leaves when it is killed. Whoever writes here holds the lock, so that nobody is at it now. */
function removeHalfWritten(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (/\.\d+\.new$/.test(name)) removeFile(join(directory, name));
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function readHolder(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, 'utf8')) || undefined;
}
