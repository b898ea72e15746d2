import tmp from 'tmp';
import { afterAll } from 'vitest';

/** `remove` takes away all that is in it, too. */
export interface TemporaryDirectory {
  readonly path: string;
  readonly remove: () => void;
}

/**
 * A new directory in the host's temporary folder, or in `parent`.
 * @param name how its name begins: short where paths of sockets lie below it.
 */
export function makeTemporaryDirectory(parent?: string, name = 'vmlet-'): TemporaryDirectory {
  const made = tmp.dirSync({ template: `${name}XXXXXX`, unsafeCleanup: true, tmpdir: parent });
  return { path: made.name, remove: () => made.removeCallback() };
}

/** The same in a directory that is removed with all that is in it. */
export function directoryIn(parent: string, name: string): string {
  return makeTemporaryDirectory(parent, name).path;
}

/**
 * The same, removed after the tests of this file. Not for a file all of whose tests may be skipped: nothing runs after
 * them then.
 */
export function temporaryDirectory(): string {
  const { path, remove } = makeTemporaryDirectory();
  afterAll(remove);
  return path;
}
