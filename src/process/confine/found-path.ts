import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';

/** A symbolic link on the way to a file, with what it says. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** Where a path leads to. */
export interface FoundPath {
  /** Without symbolic links. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** Those that were followed, each path without links before its last part. */
  readonly links: readonly Link[];
}

/** Finds what is there. */
export type FindPath = (path: string) => FoundPath | undefined;

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** Undefined where there is nothing, or nothing that we may see. */
export function findOnDisk(path: string): FoundPath | undefined {
  try {
    const followed = follow(path);
    if (!followed) return undefined;
    const { real, links } = followed;
    return { path: real, links, kind: statSync(real).isDirectory() ? 'directory' : 'file' };
  } catch (error) {
    // Nothing to allow. The program that wanted it says so better than what confines it.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** A directory that is there when it is used; what is not there yet is made without links. */
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
