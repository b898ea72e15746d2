import { GuestFileError } from '../../errors/index.ts';
import type { ProbedGuest } from './guest-run.ts';
import { type Pattern, describePattern, matches } from './probe-pattern.ts';
import type { Look } from './wait-until.ts';

const SHOWN_CHARACTERS = 200;
/** The agent's errors for existing paths that are not regular files: a directory, a pipe or device, a socket. */
const IS_THERE = new Set(['EISDIR', 'EINVAL', 'ENXIO']);

/** Checks that a path exists in the guest; with `contains`, that the file contains the text. Starts no process. */
export function lookForFile(
  guest: ProbedGuest,
  path: string,
  contains: Pattern | undefined,
): Look<undefined> {
  return async (signal) => {
    try {
      if (contains === undefined) {
        const file = guest.pull(path, { signal });
        await file.attributes;
        file.stream.destroy();
        return { found: undefined };
      }
      const text = (await guest.readFile(path, { signal })).toString();
      return matches(text, contains) ? { found: undefined } : { seen: describeContent(path, text) };
    } catch (error) {
      if (!(error instanceof GuestFileError)) throw error;
      if (contains === undefined && IS_THERE.has(error.errno)) return { found: undefined };
      return { seen: error.message };
    }
  };
}

/** Returns the first matching line of a file. */
export function lookForLine(guest: ProbedGuest, path: string, pattern: RegExp): Look<string> {
  return async (signal) => {
    try {
      const lines = (await guest.readFile(path, { signal })).toString().trimEnd().split('\n');
      const line = lines.find((candidate) => matches(candidate, pattern));
      if (line !== undefined) return { found: line };
      return {
        seen: `${path} has no line that matches ${describePattern(pattern)}; last line: ${lines.at(-1) ?? ''}`,
      };
    } catch (error) {
      if (error instanceof GuestFileError) return { seen: error.message };
      throw error;
    }
  };
}

function describeContent(path: string, text: string): string {
  if (text === '') return `${path} is empty`;
  const end = text.trimEnd().slice(-SHOWN_CHARACTERS);
  return `${path} has ${text.length} characters and ends in ${JSON.stringify(end)}`;
}
