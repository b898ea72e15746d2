import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf } from './file-usage.ts';

/** The directory in vmlet's caches where the command keeps its code as V8 compiled it. */
export const CODE_DIRECTORY = 'compiled';
/** The extension of compiled code. */
export const CODE_EXTENSION = '.code';
/** The extension of a file that is being written, or was when its command was killed. */
export const UNFINISHED_EXTENSION = '.new';

const DAY_MS = 24 * 60 * 60 * 1000;
const UNUSED_MS = 30 * DAY_MS;

/** Returns the names of files that no command has used for 30 days: of removed installations, and of killed commands. */
export function unusedCode(directory: string): string[] {
  return entriesOf(directory)
    .filter((name) => name.endsWith(CODE_EXTENSION) || name.endsWith(UNFINISHED_EXTENSION))
    .filter((name) => ageOf(join(directory, name)) > UNUSED_MS);
}

/** Records that a command uses the file. The time is right to a day: most commands only look at it. */
export function markUsed(path: string): void {
  if (ageOf(path) < DAY_MS) return;
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // A read-only disk: nothing is removed there either.
  }
}

function ageOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? Date.now() - found.mtimeMs : 0;
}
