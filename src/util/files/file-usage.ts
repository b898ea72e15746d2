import { type Stats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.ts';

const UNREADABLE = ['ENOENT', 'ENOTDIR', 'EACCES'];

/** Disk usage of a file, or of everything in a directory. */
export interface FileUsage {
  /** Sum of the file sizes. */
  readonly apparentBytes: number;
  /** Space allocated on the host: excludes holes, and blocks already counted by the same meter. */
  readonly hostBytes: number;
}

/**
 * Measures files, each once, even if it has several names: a disk that outlives its machine briefly has two.
 */
export class FileMeter {
  readonly #seen = new Set<string>();

  /** Files that are gone or inaccessible count as zero. */
  measure(path: string, except: readonly string[] = []): FileUsage {
    let apparentBytes = 0;
    let hostBytes = 0;
    const waiting = [path];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (except.includes(next)) continue;
      const stats = look(next);
      if (!stats) continue;
      if (stats.isDirectory()) {
        const directory = next;
        waiting.push(...entriesOf(directory).map((name) => join(directory, name)));
      } else if (stats.isFile() && this.#isFirst(stats)) {
        apparentBytes += stats.size;
        // st_blocks is in units of 512 bytes, independent of the file system: stat(2).
        hostBytes += stats.blocks * 512;
      }
    }
    return { apparentBytes, hostBytes };
  }

  #isFirst({ dev, ino, nlink }: Stats): boolean {
    if (nlink === 1) return true;
    const key = `${dev}:${ino}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

function look(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path), UNREADABLE);
}

/** Returns the names in a directory, sorted; none if there is no such directory. */
export function entriesOf(directory: string): string[] {
  return (unlessMissing(() => readdirSync(directory), UNREADABLE) ?? []).sort();
}
