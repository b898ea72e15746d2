import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { type LogTime, RESOLUTION_MS, type TimeSpan, readLogTimes } from './log-times.ts';

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Files that a slow reader has not reached yet keep their space on the disk. */
const MOST_HELD = 8;

/** A position in a log, valid across renames. */
export interface LogPosition {
  /** Undefined if there was no file: the position is before everything that follows. */
  readonly identity: string | undefined;
  readonly offset: number;
}

interface Generation {
  readonly descriptor: number;
  readonly identity: string;
  /** Path of its index of times, when it was opened. */
  readonly timesPath: string;
  /** Offset of the next read. */
  offset: number;
  /** Nothing from here on is read. */
  end?: number;
}

/**
 * A log whose writer renames FILE to FILE.1 when it is long enough and starts another FILE, as the keeper
 * does (native/keeper/record/log.c). Files that are not read to their end are held open, oldest first, so
 * that the next rename does not discard their bytes.
 */
export class LogGenerations implements Disposable {
  readonly #path: string;
  readonly #held: Generation[] = [];
  /**
   * The newest file that was ever held, and the one before it: while they are open, their inode numbers
   * cannot be reused.
   */
  #newest: Generation | undefined;
  #older: Generation | undefined;
  #possibleGaps = 0;

  /** Opens nothing yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /** How often a file was created and rotated since the last look, so that another may have come and gone. */
  get possibleGaps(): number {
    return this.#possibleGaps;
  }

  /**
   * Opens the files that were created since the last look. The end that `read` reports is as of the last
   * look.
   */
  look(): void {
    while (this.#held.length < MOST_HELD) {
      if (this.#newest !== undefined && identify(this.#path) === this.#newest.identity) return;
      const older = open(`${this.#path}.1`, `${this.#path}.times.1`);
      const current = open(this.#path, `${this.#path}.times`);
      if (identify(`${this.#path}.1`) === older?.identity) {
        this.#take(older, current);
        return;
      }
      // It was rotated between the two: a file in between may have been missed.
      close(older, current);
    }
  }

  /** Returns the next bytes, at most 64 KiB; undefined when everything found has been read. */
  read(): Buffer | undefined {
    for (let first = this.#held[0]; first; first = this.#held[0]) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const most = Math.min(CHUNK_BYTES, (first.end ?? Infinity) - first.offset);
      if (most <= 0) return undefined;
      const bytes = readSync(first.descriptor, buffer, 0, most, first.offset);
      if (bytes > 0) {
        first.offset += bytes;
        return buffer.subarray(0, bytes);
      }
      if (this.#held.length > 1) {
        // A file with a successor is no longer written.
        this.#release(this.#held.shift());
      } else if (fstatSync(first.descriptor).size < first.offset) {
        // The file was truncated, as by `: >FILE`.
        first.offset = 0;
      } else {
        return undefined;
      }
    }
    return undefined;
  }

  /**
   * Leaves out all that follows a position, in the file with this inode number. What is held keeps its number for as long:
   * look at the log before the position is taken, and after it. False if the file is not there any more.
   */
  cutAt(inode: bigint, offset: number): boolean {
    const index = this.#held.findIndex(
      ({ descriptor }) => fstatSync(descriptor, { bigint: true }).ino === inode,
    );
    const found = this.#held[index];
    if (!found) return false;
    for (const later of this.#held.splice(index + 1)) this.#release(later);
    found.end = offset;
    return true;
  }

  /** Yields everything from here on. */
  *rest(): Generator<Buffer, void, undefined> {
    for (let bytes = this.read(); bytes; bytes = this.read()) yield bytes;
  }

  /** Seeks to the start of the last `count` lines; an incomplete one counts. */
  seekToLastLines(count: number): void {
    let missing = count;
    let mayEndLastLine = true;
    for (const generation of [...this.#held].reverse()) {
      const size = generation.end ?? fstatSync(generation.descriptor).size;
      generation.offset = size;
      for (let end = size; end > 0 && missing > 0; end = Math.max(0, end - CHUNK_BYTES)) {
        const start = Math.max(0, end - CHUNK_BYTES);
        const bytes = readFully(generation.descriptor, start, end - start);
        let at = mayEndLastLine && bytes.at(-1) === NEWLINE ? bytes.length - 1 : bytes.length;
        mayEndLastLine = false;
        while (at > 0 && missing > 0) {
          at = bytes.lastIndexOf(NEWLINE, at - 1);
          if (at >= 0) missing--;
          generation.offset = start + at + 1;
        }
      }
      if (missing > 0) generation.offset = 0;
    }
  }

  /** Seeks to an earlier end of the log; to its start if that file is gone and everything is newer. */
  seekTo({ identity, offset }: LogPosition): void {
    const index = this.#held.findIndex((held) => held.identity === identity);
    const found = this.#held[index];
    if (!found) return;
    for (const passed of this.#held.splice(0, index)) this.#release(passed);
    found.offset = offset;
  }

  /** Limits what is read to lines of the span, to a second, by the times that the keeper noted beside the log. */
  limitTo({ since, until }: TimeSpan): void {
    if (since !== undefined) this.#beginAt((one) => one.time > since - RESOLUTION_MS);
    if (until !== undefined) this.#endAt((one) => one.time > until);
  }

  #beginAt(isWanted: (one: LogTime) => boolean): void {
    for (const generation of this.#held) {
      const first = readLogTimes(generation.timesPath).find(isWanted);
      const start = first && lineFrom(generation.descriptor, first.position);
      generation.offset = Math.max(generation.offset, start ?? fstatSync(generation.descriptor).size);
      if (first) return;
    }
  }

  #endAt(isTooLate: (one: LogTime) => boolean): void {
    for (const generation of this.#held) {
      const last = readLogTimes(generation.timesPath).find(isTooLate);
      if (!last) continue;
      generation.end = lineFrom(generation.descriptor, last.position);
      return;
    }
  }

  [Symbol.dispose](): void {
    const older = this.#older;
    this.#older = undefined;
    this.#release(older);
    close(...this.#held.splice(0));
  }

  #take(older: Generation | undefined, current: Generation | undefined): void {
    const successors = [older, current].filter((found) => found !== undefined);
    const known = successors.findIndex(({ identity }) => identity === this.#newest?.identity);
    // A file that is rotated again after its successor was removed is not new.
    const fresh = successors.slice(known + 1).filter(({ identity }) => identity !== this.#older?.identity);
    // A file that is already rotated came after the newest one, or after others that were missed.
    if (this.#newest && known === -1 && older && fresh.includes(older)) this.#possibleGaps++;
    close(...successors.filter((found) => !fresh.includes(found)));
    for (const generation of fresh) {
      const forgotten = this.#older;
      this.#older = this.#newest;
      this.#newest = generation;
      this.#held.push(generation);
      this.#release(forgotten);
    }
  }

  #release(generation: Generation | undefined): void {
    if (generation && generation !== this.#older && !this.#held.includes(generation)) close(generation);
  }
}

/** Returns the current end of a log. */
export function endOfLog(path: string): LogPosition {
  const status = unlessMissing(() => statSync(path, { bigint: true }));
  return status
    ? { identity: identityOf(status), offset: Number(status.size) }
    : { identity: undefined, offset: 0 };
}

function open(path: string, timesPath: string): Generation | undefined {
  const descriptor = unlessMissing(() => openSync(path, 'r'));
  if (descriptor === undefined) return undefined;
  return { descriptor, identity: identityOf(fstatSync(descriptor, { bigint: true })), timesPath, offset: 0 };
}

function close(...generations: readonly (Generation | undefined)[]): void {
  for (const generation of generations) if (generation) closeSync(generation.descriptor);
}

function identify(path: string): string | undefined {
  const status = unlessMissing(() => statSync(path, { bigint: true }));
  return status && identityOf(status);
}

/** The inode number of a deleted file can be reused at once, within the clock's resolution. */
function identityOf(status: {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
}): string {
  return `${status.dev}:${status.ino}:${status.birthtimeNs}`;
}

/** Returns the start of the first line at or behind a position. */
function lineFrom(descriptor: number, position: number): number {
  const { size } = fstatSync(descriptor);
  for (let at = position - 1; at >= 0 && at < size;) {
    const bytes = readFully(descriptor, at, Math.min(CHUNK_BYTES, size - at));
    const newline = bytes.indexOf(NEWLINE);
    if (newline >= 0) return at + newline + 1;
    if (bytes.length === 0) break;
    at += bytes.length;
  }
  return position <= 0 ? 0 : size;
}

function readFully(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const bytes = readSync(descriptor, buffer, filled, length - filled, position + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return buffer.subarray(0, filled);
}
