import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OTHERS_ENTER, OTHERS_WRITE, isOwnDirectory } from '../util/files/own-entries.ts';

/**
 * Returns a directory in `parent` that only this user can enter, and creates it; undefined where that is not possible, and
 * where `parent` is missing, a link, another user's or writable for others.
 */
export function privateDirectory(parent: string, name: string): string | undefined {
  const directory = join(parent, name);
  try {
    if (!isOwnDirectory(parent, OTHERS_WRITE)) return undefined;
    if (!lstatSync(directory, { throwIfNoEntry: false })) mkdirSync(directory, { mode: 0o700 });
    return isOwnDirectory(directory, OTHERS_ENTER) ? directory : undefined;
  } catch {
    // A full or read-only disk, or a parent that may not be entered.
    return undefined;
  }
}
