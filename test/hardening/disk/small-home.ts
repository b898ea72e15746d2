import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../../src/errors/index.ts';
import type { Scope } from '../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { smallFileSystem } from '../../integration/machine/small-file-system.ts';

/** A user whose files are all on a separate file system, with a variable amount of space. */
export interface SmallHome extends Home {
  /** A directory outside of that file system. */
  readonly elsewhere: string;
  giveRoom(bytes: number): void;
  /** Fills the rest, to the last byte. */
  takeRoom(): void;
}

/** The size of a home and a machine without the guest’s data. */
const FILES_BYTES = 2 ** 20;

/** Only root can mount. @param largest the maximum number of bytes. */
export async function makeSmallHome(largest: number, scope: Scope): Promise<SmallHome> {
  const directory = makeTemporaryDirectory();
  scope.defer(directory.remove);
  const small = smallFileSystem(directory.path, String(largest + FILES_BYTES), scope);
  const home = await makeHome(small);
  scope.defer(async () => home.close());
  const ballast = join(small, 'ballast');
  let left = largest;
  writeFileSync(ballast, Buffer.alloc(left));
  return {
    ...home,
    elsewhere: directory.path,
    giveRoom: (bytes) => truncateSync(ballast, (left = Math.max(0, left - bytes))),
    takeRoom: () => fillUp(join(small, 'rest')),
  };
}

function fillUp(path: string): void {
  const file = openSync(path, 'a');
  const page = Buffer.alloc(4096);
  try {
    for (;;) writeSync(file, page);
  } catch (error) {
    if (!isSystemError(error, 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
