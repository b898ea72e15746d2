import type { Command } from 'commander';
import { completionsFor } from './candidates.ts';

/** Prints the kind of paths that the shell adds, then a line `CANDIDATE<tab>DESCRIPTION` for each candidate. */
export async function printCompletions(program: Command, words: readonly string[]): Promise<void> {
  const { candidates, paths } = await completionsFor(program, words);
  const lines = candidates
    // A name with a line break cannot be completed.
    .filter(({ value }) => !/\p{Cc}/u.test(value))
    .map(({ value, description }) => `${value}\t${description.replaceAll(/\p{Cc}+/gu, ' ')}`);
  process.stdout.write([paths, ...lines, ''].join('\n'));
}
