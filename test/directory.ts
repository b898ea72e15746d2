import tmp from 'tmp';
import { afterAll } from 'vitest';

/** A new directory in the host's temporary folder, or in `parent`. `remove` takes away all that is in it, too. */
export function makeTemporaryDirectory(parent?: string): {
  readonly path: string;
  readonly remove: () => void;
} {
  const { name, removeCallback } = tmp.dirSync({ prefix: 'vmlet', unsafeCleanup: true, tmpdir: parent });
  return { path: name, remove: () => removeCallback() };
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
