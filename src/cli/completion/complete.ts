import type { Command } from 'commander';
import { completionsFor } from './candidates.ts';

/** Prints which paths the shell adds, and then each candidate and its description with a tab between them. */
export async function printCompletions(program: Command, words: readonly string[]): Promise<void> {
  const { candidates, paths } = await completionsFor(program, words);
  const lines = candidates
    // Whoever has a line break in a name has to type it.
    .filter(({ value }) => !/\p{Cc}/u.test(value))
    .map(({ value, description }) => `${value}\t${description.replaceAll(/\p{Cc}+/gu, ' ')}`);
  process.stdout.write([paths, ...lines, ''].join('\n'));
}
