import type { Command } from 'commander';
import { refuseUndecodable } from './flags/undecodable.ts';
import { withoutAlias } from './help/aliases.ts';
import { pathOf } from './help/unknown-command.ts';
import { programFor } from './program.ts';
import { reportError } from './output/report-error.ts';
import { endWithOutput } from './output/standard-output.ts';

/** The hidden verb that completion scripts call: `vmlet __complete -- WORDS…`. */
const COMPLETE_VERB = '__complete';

/**
 * Runs one command line and sets the process's exit status.
 * @returns the verb that ran, such as `image ls`; undefined for help and for errors of vmlet.
 */
export async function main(args: readonly string[], version: string): Promise<string | undefined> {
  for (const output of [process.stdout, process.stderr]) output.on('error', endWithOutput);
  let command: Command | undefined;
  try {
    if (args[0] === COMPLETE_VERB) {
      const words = withoutAlias(args.slice(args[1] === '--' ? 2 : 1));
      const { printCompletions } = await import('./completion/complete.ts');
      await printCompletions(await programFor(words.slice(0, -1), version), words);
      return COMPLETE_VERB;
    }
    refuseUndecodable(args);
    const words = withoutAlias(args);
    const program = await programFor(words, version);
    program.hook('preAction', (_program, running) => {
      command = running;
    });
    await program.parseAsync(words, { from: 'user' });
    return command && pathOf(command).slice('vmlet '.length);
  } catch (error) {
    process.exitCode = reportError(error, command && { command, args });
    return undefined;
  }
}
