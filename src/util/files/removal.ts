import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.ts';

/**
 * Removes a file or a link; does nothing if it does not exist.
 * @throws the system's error. In Node 24, most errors of Node's own rmSync have no code.
 */
export function removeFile(path: string): void {
  unlessMissing(() => unlinkSync(path), ['ENOENT']);
}

/** Removes a directory with everything in it, or a file. */
export function removeTree(path: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isDirectory() !== true) return removeFile(path);
  for (const name of unlessMissing(() => readdirSync(path), ['ENOENT']) ?? []) removeTree(join(path, name));
  unlessMissing(() => rmdirSync(path), ['ENOENT']);
}
