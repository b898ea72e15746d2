import { closeSync, fsyncSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { removeFile } from './removal.ts';

/** A file and all that it is to hold. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Replaces a file in one step: whoever reads it, after a crash too, finds the old text or the new one.
 * Synchronous, so that no two writes of one process come between each other.
 */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  removeUnfinished(path);
  // Before the file has its name: who is told of a failure then finds the old text.
  const directory = openSync(dirname(path), 'r');
  try {
    putInPlace(path, text, mode, true);
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * The same for what can be made anew, or means nothing after the next boot: it does not wait for the disk, so that a
 * power cut may leave an empty file.
 */
export function exchangeFile(path: string, text: string): void {
  putInPlace(path, text, 0o600, false);
}

function putInPlace(path: string, text: string, mode: number, lasting: boolean): void {
  const beside = `${path}.${process.pid}.new`;
  try {
    const file = openSync(beside, 'w', mode);
    try {
      // Until all is written: one call alone may write a part.
      writeFileSync(file, text);
      if (lasting) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    removeFile(beside);
    throw error;
  }
}

/** What those have left beside it who were killed in between: some files are not in directories that we sweep. */
function removeUnfinished(path: string): void {
  const [directory, name] = [dirname(path), basename(path)];
  for (const other of readdirSync(directory)) {
    const writer = other.startsWith(`${name}.`) && /^(\d+)\.new$/.exec(other.slice(name.length + 1))?.[1];
    if (writer && !isThere(Number(writer))) removeFile(join(directory, other));
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !isSystemError(error, 'ESRCH');
  }
}

/** Makes renames in it last over a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
