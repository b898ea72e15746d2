import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';

/** A symbolic link on the way to a file, with its target. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** A resolved path. */
export interface FoundPath {
  /** Without symbolic links. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** The symbolic links that were followed; only the last part of each path is a link. */
  readonly links: readonly Link[];
}

/** Resolves a path. */
export type FindPath = (path: string) => FoundPath | undefined;

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** Returns undefined for a path that is missing or not visible. */
export function findOnDisk(path: string): FoundPath | undefined {
  try {
    const followed = follow(path);
    if (!followed) return undefined;
    const { real, links } = followed;
    return { path: real, links, kind: statSync(real).isDirectory() ? 'directory' : 'file' };
  } catch (error) {
    // Nothing to allow. The program that needs the file reports this better.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** Resolves a directory that exists when it is used; missing parts will be created without links. */
export function findDirectory(path: string): FoundPath {
  const found = findOnDisk(path);
  if (found) return { ...found, kind: 'directory' };
  const above = dirname(path);
  if (above === path) return { path, kind: 'directory', links: [] };
  const parent = findDirectory(above);
  return { ...parent, path: join(parent.path, path.slice(above.length)) };
}

function follow(path: string): { readonly real: string; readonly links: readonly Link[] } | undefined {
  const links: Link[] = [];
  let real = '/';
  const rest = partsOf(path);
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      real = dirname(real);
      continue;
    }
    const here = join(real, part);
    if (!lstatSync(here).isSymbolicLink()) {
      real = here;
      continue;
    }
    if (links.length === MOST_LINKS) return undefined;
    const target = readlinkSync(here);
    links.push({ path: here, target });
    rest.unshift(...partsOf(target));
    if (target.startsWith('/')) real = '/';
  }
  return { real, links };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
