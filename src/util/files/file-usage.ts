import { type Stats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.ts';

const UNREADABLE = ['ENOENT', 'ENOTDIR', 'EACCES'];

/** What a file or all that is in a directory takes. */
export interface FileUsage {
  /** As long as the files say that they are. */
  readonly apparentBytes: number;
  /** What they take up on the host: holes and what is shared with another of the same meter do not count. */
  readonly hostBytes: number;
}

/** Measures files, each once, however many names it has: a disk that outlives its machine has two for a moment. */
export class FileMeter {
  readonly #seen = new Set<string>();

  /** What has gone meanwhile, or may not be looked into, takes nothing. */
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
        // st_blocks are of 512 bytes, whatever the file system's own are: stat(2).
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

/** Names in a directory, sorted; none where there is no such directory. */
export function entriesOf(directory: string): string[] {
  return (unlessMissing(() => readdirSync(directory), UNREADABLE) ?? []).sort();
}
