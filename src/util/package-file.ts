import { fileURLToPath } from 'node:url';

// src/util, dist/util and the bundled command in dist/bin are equally deep below the package.
const ROOT = new URL('../../', import.meta.url);

/** Returns the absolute path of a file or folder of vmlet's package. @param path relative to the package. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}
