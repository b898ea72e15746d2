import { GuestCommandError, describeExit } from '../../errors/index.ts';
import type { ProbedGuest } from '../probes/guest-run.ts';
import { type Pattern, describePattern, matches } from '../probes/probe-pattern.ts';
import {
  type CommandOptions,
  type ShellResult,
  completeResult,
  describeCommand,
  shellResult,
  wordsOf,
} from './shell.ts';
import type { Look } from '../probes/wait-until.ts';

const SHOWN_LINES = 3;

/** Checks that a command succeeds and prints the expected text. Each check is a process in the guest. */
export function lookForSuccess(
  guest: ProbedGuest,
  command: string | readonly string[],
  stdout: Pattern | undefined,
  options: CommandOptions,
): Look<ShellResult> {
  return async (signal) => {
    try {
      const result = await guest.exec(wordsOf(command), { ...options, signal });
      const told =
        result.exitCode === 0 ? completeResult(describeCommand(command), result) : shellResult(result);
      if (result.exitCode === 0 && (stdout === undefined || matches(result.stdout.toString(), stdout))) {
        return { found: told };
      }
      const missing =
        result.exitCode === 0 && stdout !== undefined ? ` without ${describePattern(stdout)}` : '';
      return { seen: `it ${describeExit(result)}${missing}; ${describeOutput(told)}` };
    } catch (error) {
      if (error instanceof GuestCommandError) return { seen: error.message };
      throw error;
    }
  };
}

function describeOutput({ stdout, stderr }: ShellResult): string {
  const ends = Object.entries({ stdout, stderr })
    .filter(([, text]) => text !== '')
    .map(([stream, text]) => {
      const end = text.split('\n').slice(-SHOWN_LINES).join('\n');
      return `${stream} ends in ${JSON.stringify(end)}`;
    });
  return ends.length === 0 ? 'it printed nothing' : ends.join(', ');
}
