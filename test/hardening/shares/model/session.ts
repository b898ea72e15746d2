import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { GuestProcess, Machine } from '../../../../src/index.ts';
import { type Answer, IN_GUEST, callInGuest, scriptOf } from '../file-calls.ts';

/** One side of a share. */
export interface Side {
  readonly name: string;
  /** An answer for each line. */
  readonly call: (lines: readonly string[]) => Promise<Answer[]>;
}

/** A side that may have to be ended. */
export interface Session extends Side {
  readonly end?: () => Promise<void>;
}

const CALL_MS = 120_000;

/** Each call is a command of its own: the guest drops what it has cached before. */
export function byCommands(machine: Machine, directory: string): Side {
  return { name: 'guest', call: async (lines) => callInGuest(machine, directory, lines, CALL_MS) };
}

/** One program in the guest that keeps running. */
export function byProgramInGuest(machine: Machine, directory: string): Side & { end(): Promise<void> } {
  const process: GuestProcess = machine.exec([IN_GUEST, directory], { stdin: 'pipe' });
  return {
    name: 'guest',
    call: talkTo(process.stdin, process.stdout),
    end: async () => {
      process.stdin.end();
      await process;
    },
  };
}

/** One program on the host that keeps running. */
export function byProgramOnHost(program: string, directory: string): Side & { end(): Promise<void> } {
  const process: ChildProcess = spawn(program, [directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = process;
  if (!stdin || !stdout) throw new Error('no pipes');
  return {
    name: 'host',
    call: talkTo(stdin, stdout),
    end: async () => {
      const closed = once(process, 'close');
      stdin.end();
      await closed;
    },
  };
}

function talkTo(stdin: Writable, stdout: Readable): Side['call'] {
  const printed = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = (await printed.next()) as IteratorResult<string, undefined>;
    if (line.done === true) throw new Error('file-calls has ended');
    return line.value;
  };
  return async (lines) => {
    stdin.write(scriptOf(lines));
    const answers: Answer[] = [];
    for (const line of lines) {
      const answer = [await next()];
      if (line === 'tree') while (answer.at(-1) !== '') answer.push(await next());
      answers.push(line === 'tree' ? answer.slice(0, -1) : answer);
    }
    return answers;
  };
}
