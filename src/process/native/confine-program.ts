import { accessSync, constants, statSync } from 'node:fs';
import { MissingProgramError, PermissionError } from '../../errors/index.ts';
import { packageFile } from '../../util/package-file.ts';

/**
 * Path of vmlet-confine, which confines a program and then becomes it. Created by the build.
 * @throws MissingProgramError when the package is incomplete; otherwise the other program would seem to be
 * missing.
 * @throws PermissionError when its file system does not permit execution.
 */
export function confineProgram(): string {
  const path = packageFile('dist/confine-program/vmlet-confine');
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    if (mayBeExecuted(path)) {
      throw new PermissionError(`${path} cannot be executed: its file system is mounted noexec`, {
        hint: 'install vmlet on a file system without noexec, such as /usr/local (npm install --global)',
        cause: error,
      });
    }
    const hint = 'reinstall vmlet, or, in a source tree, run: npm run build';
    throw new MissingProgramError(path, { hint, cause: error });
  }
  return path;
}

/** Checks the mode only, regardless of the file system. */
function mayBeExecuted(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o001) !== 0;
}
