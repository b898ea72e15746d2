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

/** Removes everything in a directory, which may be missing. Others may create files in it at the same time. */
export function emptyDirectory(path: string): void {
  for (const name of unlessMissing(() => readdirSync(path), ['ENOENT']) ?? []) removeTree(join(path, name));
}

/** Removes a directory with everything in it, or a file. */
export function removeTree(path: string): void {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry?.isDirectory() !== true) return removeFile(path);
  emptyDirectory(path);
  unlessMissing(() => rmdirSync(path), ['ENOENT']);
}
