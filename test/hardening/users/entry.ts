import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../../src/errors/index.ts';

/** A file, directory, socket or process (by its path in /proc) of a user, as that user or root sees it. */
export interface Entry {
  readonly path: string;
  readonly kind: 'directory' | 'file' | 'socket' | 'link' | 'process' | 'other';
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

const KINDS: Readonly<Record<number, Entry['kind']>> = {
  0o040_000: 'directory',
  0o100_000: 'file',
  0o140_000: 'socket',
  0o120_000: 'link',
};

/** All entries at this path and below, except those that disappear meanwhile. */
export function entriesOf(path: string): Entry[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  const kind = KINDS[found.mode & 0o170_000] ?? 'other';
  const entry = { path, kind, uid: found.uid, mode: found.mode & 0o7777 };
  const names = kind === 'directory' ? (unlessGone(() => readdirSync(path)) ?? []) : [];
  return [entry, ...names.flatMap((name) => entriesOf(join(path, name)))];
}

/** The processes of one user with such program names. */
export function processesOf(uid: number, programs = /./): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => `/proc/${name}`)
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid === uid)
    .filter((path) => programs.test(unlessGone(() => readFileSync(join(path, 'comm'), 'utf8')) ?? ''))
    .map((path) => ({ path, kind: 'process', uid, mode: 0 }));
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
