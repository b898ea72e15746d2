import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { PoolFailedError } from '../../errors/index.ts';
import type { EndedCommand } from '../../public/background-command.ts';
import { checkNewPool } from '../../public/new-pool.ts';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { ProgressLine } from '../output/progress.ts';
import { printLine, sayPlainly } from '../output/say.ts';
import { SilentExit } from '../output/report-error.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { removeFile } from '../../util/files/removal.ts';
import { addPoolFlags } from './pool-serve.ts';

export function poolCreateCommand(): Command {
  const command = new Command('create')
    .summary('start a pool in the background')
    .description(
      'Starts a guest and keeps copies of it (forks) ready in the background. vmlet run --pool NAME runs a command in one of ' +
        'these copies; the command starts within milliseconds. The pool ends when you remove it with vmlet pool rm, when it ' +
        'has not been used for the time set with --idle, or when the host reboots.',
    );
  return addPoolFlags(command).action(create);
}

/** The pool is `pool serve` with the same words, in a session of its own. */
async function create(
  name: string,
  { size, debug }: { readonly size?: number; readonly debug?: true },
): Promise<void> {
  // The log of a pool that runs must stay.
  checkNewPool({ name, ...(size !== undefined && { size }) });
  const [{ poolLog }, { startInBackground }] = await Promise.all([
    import('../../index.ts'),
    import('../../public/background-command.ts'),
  ]);
  const log = poolLog(name);
  // It may be that of a pool which another process is starting.
  const isOtherLog = existsSync(log);
  const words = process.argv.slice(process.argv.indexOf('pool') + 2);
  const argv = [process.execPath, process.argv[1] ?? '', 'pool', 'serve', ...words] as const;
  const progress = new ProgressLine();
  progress.show(`starting pool "${name}"…`);
  try {
    const end = await untilInterrupted(async (signal) => {
      const ended = await startInBackground(argv, log, signal);
      if (ended && !isOtherLog) removeFile(log);
      if (ended) signal.throwIfAborted();
      return ended;
    });
    progress.clear();
    if (end) explain(name, end, debug === true);
  } finally {
    progress.clear();
  }
  printLine(name);
}

/** @throws SilentExit when the pool has said why it ended, otherwise PoolFailedError. */
function explain(name: string, { stderr, exitCode, signal }: EndedCommand, withLog: boolean): never {
  // The pool logs in JSON, also that memory is short.
  const said = stderr.split('\n').filter((line) => line !== '' && (withLog || !line.startsWith('{')));
  if (said.length === 0) {
    const end = signal === undefined ? `exited with status ${exitCode}` : `was killed by ${signal}`;
    throw new PoolFailedError(name, `its process ${end} while it started`);
  }
  for (const line of said) sayPlainly(line);
  throw new SilentExit(exitCode ?? EXIT_VMLET);
}
