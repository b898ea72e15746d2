import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT_VMLET } from '../output/exit-code.ts';
import { ProgressLine } from '../output/progress.ts';
import { printLine, sayPlainly } from '../output/say.ts';
import { SilentExit } from '../output/report-error.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { addPoolFlags } from './pool-serve.ts';

export function poolCreateCommand(): Command {
  const command = new Command('create')
    .summary('start a pool in the background')
    .description(
      'Boots a guest, forks it, and keeps the forks waiting in the background. vmlet run --pool NAME runs a command in one ' +
        'of them, within milliseconds. The pool ends with vmlet pool rm, after --idle without a client, or when the host ' +
        'reboots.',
    );
  return addPoolFlags(command).action(create);
}

/** The pool is `pool serve` with the same words, in a session of its own. */
async function create(name: string): Promise<void> {
  const { poolLog } = await import('../../index.ts');
  const log = poolLog(name);
  const output = openSync(log, 'w', 0o600);
  const words = process.argv.slice(process.argv.indexOf('pool') + 2);
  const server = spawn(process.execPath, [process.argv[1] ?? '', 'pool', 'serve', ...words], {
    stdio: ['ignore', 'pipe', output],
    detached: true,
  });
  closeSync(output);
  const progress = new ProgressLine();
  progress.show(`starting pool ${name}…`);
  try {
    const status = await untilInterrupted(async (signal) => fullOrEnded(server, signal));
    progress.clear();
    if (status !== undefined) {
      for (const line of readFileSync(log, 'utf8').trimEnd().split('\n')) sayPlainly(line);
      throw new SilentExit(status);
    }
  } finally {
    progress.clear();
  }
  printLine(name);
  server.stdout?.destroy();
  server.unref();
}

/** @returns the exit status of a server that has ended; undefined once its pool is full. */
async function fullOrEnded(server: ChildProcess, signal: AbortSignal): Promise<number | undefined> {
  const onAbort = (): void => void server.kill('SIGTERM');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await new Promise<number | undefined>((resolve, reject) => {
      server.stdout?.once('data', () => resolve(undefined));
      server.once('exit', (code) => resolve(code ?? EXIT_VMLET));
      server.once('error', reject);
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
