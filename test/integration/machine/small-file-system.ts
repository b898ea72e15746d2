import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../../../src/util/scope.ts';

/** Only root can mount. */
export const canMount = process.getuid?.() === 0;
if (!canMount) console.warn('skipped: a full disk is made by mounting a small file system, which takes root');

/** A file system in memory, unmounted when the scope closes. */
export function smallFileSystem(directory: string, size: string, scope: Scope): string {
  const path = join(directory, 'small');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', path]);
  scope.defer(() => void execFileSync('umount', [path]));
  return path;
}
