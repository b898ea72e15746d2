import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

// src/images, dist/images and the bundled command in dist/bin are equally deep below the package.
const FOLDER = fileURLToPath(new URL('../../src/images/build/debian', import.meta.url));

/** A file that goes into a new system, or a script that runs in it. */
export interface BuildFile {
  /** Relative to the folder of these files. */
  readonly path: string;
  readonly content: Buffer;
}

/** What vmlet brings into a system that it builds, by path. */
export async function readBuildFiles(): Promise<readonly BuildFile[]> {
  const entries = await readdir(FOLDER, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => ({ path: relative(FOLDER, path), content: await readFile(path) })),
  );
}
