import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the first name of NAME.guest, NAME.guest-2, NAME.guest-3, … that a directory does not have, even as a link. */
export function nameBeside(directory: string, name: string): string {
  for (let number = 1; ; number++) {
    const free = `${name}.guest${number === 1 ? '' : `-${number}`}`;
    if (!lstatSync(join(directory, free), { throwIfNoEntry: false })) return free;
  }
}
