import tmp from 'tmp';
import { afterAll } from 'vitest';

/** A new directory in the host's temporary folder, removed with all that is in it after the tests of this file. */
export function temporaryDirectory(): string {
  const { name, removeCallback } = tmp.dirSync({ prefix: 'vmlet', unsafeCleanup: true });
  afterAll(() => removeCallback());
  return name;
}
