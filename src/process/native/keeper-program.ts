import { packageFile } from '../../util/package-file.ts';

/** Path of the program that supervises a named machine, created by the build. */
export function keeperProgram(): string {
  // src/process, dist/process and the bundled command in dist/bin are equally deep below the package.
  return packageFile('dist/keeper/vmlet-keeper');
}
