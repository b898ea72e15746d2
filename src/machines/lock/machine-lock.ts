import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MachineBusyError, MachineNotFoundError, isSystemError } from '../../errors/index.ts';
import { type FileLock, holdFileLock } from '../../process/lock/file-lock.ts';
import type { Scope } from '../../util/scope.ts';
import { endLostRun } from '../recovery/lost-run.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { removeUnfinishedIn } from '../../util/files/atomic-file.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeFile } from '../../util/files/removal.ts';

type LockFiles = Pick<MachineFiles, 'directory' | 'lock'>;

/**
 * Locks the machine until the scope closes, so that only the caller changes it. Does not wait: when several try, one
 * succeeds and the others get an error that names it. Then cleans up after processes that were killed.
 * @param verb the purpose, for the error that others get, as in "starting it".
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
  // Commands of other machines write names there, without this lock.
  if (existsSync(files.keeper)) removeUnfinishedIn(files.keeper);
  await endLostRun(files);
  return held;
}

/** Like `lockMachine`, for a machine of which only the directory is known; cleans nothing up. */
export async function lockDirectory(
  name: string,
  files: LockFiles,
  verb: string,
  scope: Scope,
): Promise<FileLock> {
  const held = await tryLock(name, files, scope);
  if (!held) throw new MachineBusyError(name, readHolder(files.lock));
  // The machine may have been removed or renamed in the meantime, and another may have its name.
  if (inodeOf(files.lock) !== held.inode) throw new MachineNotFoundError(name);
  recordHolder(files.lock, `process ${process.pid} is ${verb}`);
  scope.defer(() => {
    // The file is gone when the machine was removed or renamed under this lock.
    if (inodeOf(files.lock) === held.inode) recordHolder(files.lock, '');
  });
  return held;
}

/** Records the holder for other processes. A full disk is no error: stopping and removing machines must still work. */
function recordHolder(path: string, text: string): void {
  try {
    // Over the last text, without making the file shorter: ext4 writes a truncated file to the disk when it is closed.
    writeFileSync(path, text.padEnd(statSync(path).size), { flag: 'r+' });
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC', 'EDQUOT')) throw error;
  }
}

async function tryLock(name: string, files: LockFiles, scope: Scope): Promise<FileLock | undefined> {
  try {
    return await holdFileLock(files.lock, scope);
  } catch (error) {
    // The machine was removed or renamed since it was looked up.
    if (isSystemError(error, 'ENOENT') && !existsSync(files.directory)) throw new MachineNotFoundError(name);
    throw error;
  }
}

/** Removes temporary files of an interrupted `replaceFile`. Only the holder of the lock writes here. */
function removeHalfWritten(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (/\.\d+\.new$/.test(name)) removeFile(join(directory, name));
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function readHolder(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, 'utf8'))?.trim() || undefined;
}
