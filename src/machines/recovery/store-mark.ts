import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import type { TextFile } from '../../util/files/atomic-file.ts';
import { isSameFile } from '../../util/files/same-file.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

const MARK = 'store';

type Store = Pick<Locations, 'machines'>;

/** Returns the file that marks a directory of logs or sockets with its store: several stores may share the parent. */
export function directoryMark(directory: string, { machines }: Store): TextFile {
  return { path: join(directory, MARK), text: machines };
}

/** Returns the machines directory of the store that a directory is marked with; undefined without a mark. */
export function markIn(directory: string): string | undefined {
  return unlessMissing(() => readFileSync(join(directory, MARK), 'utf8'));
}

/** False for logs and sockets of another store: in a copied store, the machines have the same IDs. */
export function isOwnDirectory(directory: string, { machines }: Store): boolean {
  const store = markIn(directory);
  // This store may have been moved, or have two paths.
  return store === undefined || !existsSync(store) || isSameFile(store, machines);
}
