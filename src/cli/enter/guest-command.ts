import { finished } from 'node:stream/promises';
import type { ExecOptions, GuestProcess } from '../../index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import type { Interrupts, Interruption } from '../session/interrupts.ts';
import { OutputAfterSignal } from '../session/output-after-signal.ts';
import { note } from '../output/say.ts';
import { guestEnvironment } from '../flags/flag-values.ts';
import type { GuestCommandFlags } from '../flags/guest-command-flags.ts';
import { attachTerminal, isOnTerminal } from '../session/terminal.ts';

const SHELL = ['/bin/sh', '-l'];

/** Connects a command in a guest to our streams, signals and, on request, terminal. Returns its exit status. */
export async function runInGuest(
  exec: (argv: readonly string[], options: ExecOptions) => GuestProcess,
  argv: readonly string[],
  flags: GuestCommandFlags,
  interrupts: Interrupts,
  signal: AbortSignal,
): Promise<number> {
  // Without a command the user wants an interactive shell.
  const wantsTerminal = flags.tty ?? (argv.length === 0 && isOnTerminal());
  const passesStdin = flags.interactive ?? (wantsTerminal || !process.stdin.isTTY);
  const env = guestEnvironment(flags.env);
  const guestProcess = exec(argv.length > 0 ? argv : SHELL, {
    env,
    cwd: flags.workdir,
    user: flags.user,
    tty: wantsTerminal ? terminal(env['TERM']) : undefined,
    // A terminal carries its own input; without --interactive nothing is read from the local terminal.
    ...(wantsTerminal ? {} : { stdin: passesStdin ? 'pipe' : 'empty' }),
    signal,
  });
  let asked: Interruption = 'SIGTERM';
  const output = new OutputAfterSignal([guestProcess.stdout, guestProcess.stderr], () => {
    note(`the command ignored ${asked} and continues to print; killing the command`);
    interrupts.end(asked);
  });
  interrupts.whenAsked = (name) => {
    asked = name;
    guestProcess.kill(name);
    output.begin();
  };
  using _terminal = wantsTerminal ? attachTerminal(guestProcess) : undefined;

  if (passesStdin) process.stdin.pipe(guestProcess.stdin);
  guestProcess.stdout.pipe(process.stdout, { end: false });
  guestProcess.stderr.pipe(process.stderr, { end: false });
  try {
    const [result] = await Promise.all([
      guestProcess,
      finished(guestProcess.stdout),
      finished(guestProcess.stderr),
    ]);
    return result.signal === undefined ? (result.exitCode ?? 0) : exitCodeOfSignal(result.signal);
  } finally {
    process.stdin.unpipe();
    // An open terminal or pipe would keep this process alive.
    process.stdin.destroy();
  }
}

function terminal(type = process.env['TERM'] ?? 'xterm'): { rows: number; columns: number; term: string } {
  return {
    rows: process.stdout.rows || 24,
    columns: process.stdout.columns || 80,
    term: type,
  };
}
