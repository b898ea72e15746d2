import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.ts';

/**
 * Removes a file or a link; one that is not there is removed already.
 * @throws what the host refuses. The errors of Node's own rmSync have no code in Node 24, but for a few.
 */
export function removeFile(path: string): void {
  unlessMissing(() => unlinkSync(path), ['ENOENT']);
}

/** The same for a whole directory with all that is in it, or a file. */
export function removeTree(path: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isDirectory() !== true) return removeFile(path);
  for (const name of unlessMissing(() => readdirSync(path), ['ENOENT']) ?? []) removeTree(join(path, name));
  unlessMissing(() => rmdirSync(path), ['ENOENT']);
}
