import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces a file in one step: whoever reads it, after a crash too, finds the old text or the new one.
 * Synchronous, so that no two writes of one process come between each other.
 */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  putInPlace(path, text, mode, true);
  syncDirectory(dirname(path));
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
    rmSync(beside, { force: true });
    throw error;
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
