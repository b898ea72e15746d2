import { closeSync, fsyncSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { readOwnFile } from './own-entries.ts';
import { removeFile } from './removal.ts';
import { spaceFailure } from './write-failure.ts';

/** The end of the name of a temporary file, with its process: a user's file may end with one number. */
const WRITER = /\.\d+\.(\d+)\.new$/;

/** A file and its complete contents. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Replaces a file atomically: a reader, even after a crash, finds the old text or the new one. Synchronous,
 * so that two writes of one process cannot interleave.
 * @throws NoSpaceError that names the file, and other system errors.
 */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  // Some files are not in directories that are swept.
  removeUnfinishedIn(dirname(path), basename(path));
  // Synced before the rename: if this fails, the caller still finds the old text.
  const directory = openSync(dirname(path), 'r');
  try {
    putInPlace(path, text, mode, true);
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Like `replaceFile`, for files that can be recreated or are meaningless after the next boot: does not wait
 * for the disk, so a power cut may leave an empty file. A file of this user that has the text already is left as it is.
 */
export function exchangeFile(path: string, text: string): void {
  // ext4 writes a file to the disk when it is renamed over another one, which can take tens of milliseconds.
  if (hasText(path, text)) return;
  putInPlace(path, text, 0o600, false);
}

function hasText(path: string, text: string): boolean {
  try {
    return readOwnFile(path)?.toString() === text;
  } catch (error) {
    // Missing, a link or unreadable: it is replaced.
    if (isSystemError(error)) return false;
    throw error;
  }
}

function putInPlace(path: string, text: string, mode: number, lasting: boolean): void {
  const beside = `${path}.${randomInt(2 ** 32)}.${process.pid}.new`;
  try {
    // Only a new file: in a directory of several users, another's could be there, or a link.
    const file = openSync(beside, 'wx', mode);
    try {
      // writeFileSync loops until everything is written; a single write may be partial.
      writeFileSync(file, text);
      if (lasting) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    removeFile(beside);
    throw spaceFailure(error, path);
  }
}

/**
 * Removes temporary files of writers that were killed, from a directory to which others may be writing.
 * @param of the name of the file that was to be replaced; any by default, for vmlet's own directories.
 */
export function removeUnfinishedIn(directory: string, of?: string): void {
  for (const name of readdirSync(directory)) {
    const found = WRITER.exec(name);
    if (!found || (of !== undefined && name.slice(0, found.index) !== of)) continue;
    if (!isThere(Number(found[1]))) removeFile(join(directory, name));
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !isSystemError(error, 'ESRCH');
  }
}

/** Makes renames in the directory survive a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
