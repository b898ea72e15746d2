import { readFileSync } from 'node:fs';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** A span of time, in milliseconds since 1970; open where undefined. */
export interface TimeSpan {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** The time at which the output from a position on was written. */
export interface LogTime {
  readonly position: number;
  /** Milliseconds since 1970, up to a second earlier than the output. */
  readonly time: number;
}

const ENTRY_BYTES = 16;
/** The keeper notes one time a second at most (native/keeper/record/timed_log.h). */
export const RESOLUTION_MS = 1000;

/** Reads the index of times beside a log; empty if there is none. */
export function readLogTimes(path: string): LogTime[] {
  const bytes = unlessMissing(() => readFileSync(path)) ?? Buffer.alloc(0);
  return Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => ({
    position: Number(bytes.readBigUInt64LE(index * ENTRY_BYTES)),
    time: Number(bytes.readBigUInt64LE(index * ENTRY_BYTES + 8)),
  }));
}

const NEWLINE = 0x0a;
/** A longer line is passed on without waiting for its end. */
const LONGEST_LINE = 1024 * 1024;

/** Passes on the lines whose time is in the span; a line without a time belongs to the one before it. */
export async function* linesWithin(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  { since = -Infinity, until = Infinity }: TimeSpan,
  timeOf: (line: Buffer) => number | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let rest = Buffer.alloc(0);
  let isWithin = since === -Infinity;
  const admits = (line: Buffer): boolean => {
    const time = timeOf(line);
    if (time !== undefined) isWithin = time >= since && time <= until;
    return isWithin;
  };
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    let end = rest.lastIndexOf(NEWLINE) + 1;
    if (end === 0 && rest.length > LONGEST_LINE) end = rest.length;
    const lines: Buffer[] = [];
    for (let start = 0; start < end;) {
      const newline = rest.indexOf(NEWLINE, start);
      const next = newline < 0 ? end : newline + 1;
      const line = rest.subarray(start, next);
      if (admits(line)) lines.push(line);
      start = next;
    }
    if (lines.length > 0) yield Buffer.concat(lines);
    rest = Buffer.from(rest.subarray(end));
  }
  if (rest.length > 0 && admits(rest)) yield rest;
}
