import { run } from '../../../src/process/run.ts';

export interface CommandTime {
  readonly wallMs: number;
  /** User and system time of the command and of all children that it waited for. */
  readonly cpuMs: number;
}

/**
 * Runs a command to its end without input and output. The shell measures the time: it has the processor time of one
 * child with all its children, to a millisecond, while Node has only its own.
 * @throws CommandFailedError for a status other than 0.
 */
export async function timeCommand(argv: readonly string[]): Promise<CommandTime> {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" </dev/null >/dev/null 2>&1';
  const { stderr } = await run(['bash', '-c', script, 'bash', ...argv]);
  const [wall = NaN, user = NaN, system = NaN] = stderr.trim().split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}
