import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { MachineBusyError, MachineNotFoundError, isSystemError } from '../errors.ts';
import { keeperProgram } from '../machine/package-files.ts';
import { holdFileLock } from '../process/file-lock.ts';
import type { Scope } from '../util/scope.ts';
import type { MachineFiles } from './machine-files.ts';

/**
 * Makes the caller the only one who changes the machine, until the scope closes. It does not wait: of several at once
 * one goes on, and the others are told who does.
 * @param verb what for, in the words of the error that others get, as in "starting it".
 * @throws MachineBusyError, MachineNotFoundError
 */
export async function lockMachine(
  name: string,
  files: MachineFiles,
  verb: string,
  scope: Scope,
): Promise<void> {
  if (inodeOf(files.lock) === undefined) throw new MachineNotFoundError(name);
  const held = await holdFileLock(keeperProgram(), files.lock, scope);
  if (!held) throw new MachineBusyError(name, readHolder(files.lock));
  // While it was opened, the machine may have been removed or renamed, and perhaps another has its name.
  if (inodeOf(files.lock) !== held.inode) throw new MachineNotFoundError(name);
  writeFileSync(files.lock, `${verb} (process ${process.pid})`);
  scope.defer(() => {
    // Gone with a machine that was removed or renamed under this lock.
    if (inodeOf(files.lock) === held.inode) writeFileSync(files.lock, '');
  });
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8') || undefined;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
