import { fileURLToPath } from 'node:url';

/** The program that confines another and then becomes it, made by the build. */
export function confineProgram(): string {
  // src/process, dist/process and the bundled command in dist/bin are equally deep below the package.
  return fileURLToPath(new URL('../../dist/confine-program/vmlet-confine', import.meta.url));
}
