import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns a directory in `parent` that only this user can enter, and creates it; undefined where that is not possible, and
 * where `parent` is missing, a link, another user's or writable for others.
 */
export function privateDirectory(parent: string, name: string): string | undefined {
  const directory = join(parent, name);
  try {
    if (!isOwn(parent, 0o022)) return undefined;
    if (!lstatSync(directory, { throwIfNoEntry: false })) mkdirSync(directory, { mode: 0o700 });
    return isOwn(directory, 0o077) ? directory : undefined;
  } catch {
    // A full or read-only disk, or a parent that may not be entered.
    return undefined;
  }
}

function isOwn(path: string, forbidden: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & forbidden) === 0;
}
