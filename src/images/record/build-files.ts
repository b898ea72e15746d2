import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packageFile } from '../../util/package-file.ts';

const IMAGES = packageFile('src/images');

/** A file for a new system, or a script that runs in it. */
export interface BuildFile {
  /** Relative to its folder. */
  readonly path: string;
  readonly content: Buffer;
}

/** Reads the files for a new system, by path: those for all distributions, and those of one. */
export async function readBuildFiles(folder: string): Promise<readonly BuildFile[]> {
  const files = await Promise.all(
    ['common', folder].map(async (name) => readFolder(join(IMAGES, 'build', name))),
  );
  return files.flat();
}

async function readFolder(folder: string): Promise<readonly BuildFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => ({ path: relative(folder, path), content: await readFile(path) })),
  );
}

/** Reads a publisher's armoured public key. @param file its name among the keys of the catalogue. */
export async function readPublisherKey(file: string): Promise<Buffer> {
  return readFile(join(IMAGES, 'catalogue/keys', file));
}
