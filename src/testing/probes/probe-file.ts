import { GuestFileError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { type Pattern, describePattern, matches } from './probe-pattern.ts';
import type { Look } from './wait.ts';

const SHOWN_CHARACTERS = 200;
/** What the agent answers for what is there and is no regular file: a folder, a pipe or device, a socket. */
const IS_THERE = new Set(['EISDIR', 'EINVAL', 'ENXIO']);

/** Whether there is anything at a path of the guest; with `contains`, a file that holds it. No process is started. */
export function lookForFile(machine: Machine, path: string, contains: Pattern | undefined): Look<undefined> {
  return async (signal) => {
    try {
      if (contains === undefined) {
        const file = machine.pull(path, { signal });
        await file.attributes;
        file.stream.destroy();
        return { found: undefined };
      }
      const text = (await machine.readFile(path, { signal })).toString();
      return matches(text, contains) ? { found: undefined } : { seen: describeContent(path, text) };
    } catch (error) {
      if (!(error instanceof GuestFileError)) throw error;
      if (contains === undefined && IS_THERE.has(error.errno)) return { found: undefined };
      return { seen: error.message };
    }
  };
}

/** The first of a file's lines that matches. */
export function lookForLine(machine: Machine, path: string, pattern: RegExp): Look<string> {
  return async (signal) => {
    try {
      const lines = (await machine.readFile(path, { signal })).toString().trimEnd().split('\n');
      const line = lines.find((candidate) => matches(candidate, pattern));
      if (line !== undefined) return { found: line };
      return {
        seen: `${path} has no line that matches ${describePattern(pattern)}; its last: ${lines.at(-1) ?? ''}`,
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
