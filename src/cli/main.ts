import type { Command } from 'commander';
import { withoutAlias } from './help/aliases.ts';
import { pathOf } from './help/unknown-command.ts';
import { exitCodeOfSignal } from './output/exit-code.ts';
import { programFor } from './program.ts';
import { reportError } from './output/report-error.ts';

/** The hidden verb that completion scripts call: `vmlet __complete -- WORDS…`. */
const COMPLETE_VERB = '__complete';

/**
 * Runs one command line and sets the process's exit status.
 * @returns the verb that ran, such as `image ls`; undefined for help and for errors of vmlet.
 */
export async function main(args: readonly string[], version: string): Promise<string | undefined> {
  dieOfClosedPipe();
  let command: Command | undefined;
  try {
    if (args[0] === COMPLETE_VERB) {
      const words = withoutAlias(args.slice(args[1] === '--' ? 2 : 1));
      const { printCompletions } = await import('./completion/complete.ts');
      await printCompletions(await programFor(words.slice(0, -1), version), words);
      return COMPLETE_VERB;
    }
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

/** `vmlet … | head` ends quietly, as other programs do. */
function dieOfClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodeOfSignal('SIGPIPE'));
  });
}
