import { join } from 'node:path';
import tmp from 'tmp';
import { afterAll } from 'vitest';

/** In memory, on every Linux; the guards of a run give it a directory of its own there (test/guards/places.ts). */
export const IN_MEMORY = process.env['VMLET_TEST_SHM'] ?? '/dev/shm';

/** `remove` also removes the contents. */
export interface TemporaryDirectory {
  readonly path: string;
  readonly remove: () => void;
}

/**
 * A new directory in the host’s temporary directory, or in `parent`.
 * @param name a prefix of its name: short if paths of sockets lie below it.
 */
export function makeTemporaryDirectory(parent?: string, name = 'vmlet-'): TemporaryDirectory {
  const made = tmp.dirSync({ template: `${name}XXXXXX`, unsafeCleanup: true, tmpdir: parent });
  return { path: made.name, remove: () => made.removeCallback() };
}

/** The same in a directory that is removed with its contents. */
export function directoryIn(parent: string, name: string): string {
  return makeTemporaryDirectory(parent, name).path;
}

/**
 * The same, removed after the tests of this file. Not for a file whose tests may all be skipped: nothing runs after
 * them in that case.
 */
export function temporaryDirectory(): string {
  const { path, remove } = makeTemporaryDirectory();
  afterAll(remove);
  return path;
}

/** This environment, with the user's data, settings and sockets below a directory. */
export function environmentIn(directory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CONFIG_HOME: join(directory, 'config'),
    XDG_DATA_HOME: join(directory, 'data'),
    XDG_STATE_HOME: join(directory, 'state'),
    XDG_RUNTIME_DIR: directory,
  };
}
