import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MissingProgramError } from '../errors.ts';

/**
 * The program that confines another and then becomes it, made by the build.
 * @throws MissingProgramError where the package is not whole: it would look as if the other were missing.
 */
export function confineProgram(): string {
  // src/process, dist/process and the bundled command in dist/bin are equally deep below the package.
  const path = fileURLToPath(new URL('../../dist/confine-program/vmlet-confine', import.meta.url));
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    const hint = 'install vmlet anew; in its sources: npm run build';
    throw new MissingProgramError(path, { hint, cause: error });
  }
  return path;
}
