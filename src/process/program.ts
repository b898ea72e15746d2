import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { MissingProgramError } from '../errors/index.ts';

/**
 * Returns the absolute path of a program as a shell would find it, or undefined. Also searches sbin, where
 * daemons are installed and which users' PATHs often lack.
 */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) {
    const path = isAbsolute(name) ? name : resolve(name);
    return isExecutableFile(path) ? path : undefined;
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, '/usr/local/sbin', '/usr/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find(isExecutableFile);
}

/** @throws MissingProgramError naming the program, with `hint`. */
export function requireProgram(name: string, hint?: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new MissingProgramError(name, { hint });
  return path;
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
