import { accessSync, constants, statSync } from 'node:fs';
import { MissingProgramError, PermissionError } from '../../errors/index.ts';
import { packageFile } from '../../util/package-file.ts';

/**
 * The program that confines another and then becomes it, made by the build.
 * @throws MissingProgramError where the package is not whole: it would look as if the other were missing.
 * @throws PermissionError where the host executes nothing that lies there.
 */
export function confineProgram(): string {
  const path = packageFile('dist/confine-program/vmlet-confine');
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    if (mayBeExecuted(path)) {
      throw new PermissionError(`${path} cannot be executed: its file system is mounted noexec`, {
        hint: 'install vmlet where programs may be executed, such as /usr/local (npm install --global)',
        cause: error,
      });
    }
    const hint = 'install vmlet anew; in its sources: npm run build';
    throw new MissingProgramError(path, { hint, cause: error });
  }
  return path;
}

/** By its mode, whatever its file system is. */
function mayBeExecuted(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o001) !== 0;
}
