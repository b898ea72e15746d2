import { isMainThread } from 'node:worker_threads';
import { formatEndpoint } from '../../public/format.ts';
import { describeOutcome } from '../../machine/life/outcome.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { deferred } from '../../util/time/deferred.ts';
import { Scope } from '../../util/scope.ts';
import { ControllingTerminal } from '../runner/controlling-terminal.ts';
import { type GuestDoors, openDoors } from './guest-doors.ts';
import { outcomeByNow } from '../bundle/outcome-by-now.ts';

export interface PauseOptions {
  /** What is told first, as in `the test "starts" failed`. */
  readonly reason?: string | undefined;
  /** Aborting ends the pause. */
  readonly signal?: AbortSignal | undefined;
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether whoever runs the tests wants to look at the machines of one that fails: `PAUSE_ON_FAIL=1`. */
export function pausesOnFailure(environment: NodeJS.ProcessEnv = process.env): boolean {
  return !['', '0', 'false', undefined].includes(environment['PAUSE_ON_FAIL']);
}

/**
 * Keeps machines and says how to get in, until Enter is pressed, this process is interrupted, or the last machine has
 * ended. It writes to stderr, which runners show at once; a terminal they paint over.
 * @param machines by what the test calls them.
 */
export async function pauseTest(
  machines: Readonly<Record<string, RunningMachine>>,
  { reason = 'a test failed', signal }: PauseOptions = {},
): Promise<void> {
  const scope = new Scope();
  try {
    const terminal = ControllingTerminal.open();
    if (terminal) scope.defer(() => terminal[Symbol.dispose]());
    const lives = await Promise.all(
      Object.entries(machines).map(async ([label, machine]) => lifeOf(label, machine, scope)),
    );
    const kept = lives.filter(({ doors }) => doors !== undefined);
    if (kept.length === 0) {
      tell(`\n${reason}; nothing is kept:\n${lives.map(describeLife).join('')}`);
      return;
    }
    tell(`\nPaused: ${reason}.\n${lives.map(describeLife).join('')}${howToGoOn(terminal !== undefined)}\n`);
    await Promise.race([
      ...(terminal ? [terminal.enter()] : []),
      interrupted(scope),
      aborted(signal, scope),
      Promise.all(kept.map(async ({ machine }) => machine.ended.catch(() => undefined))),
    ]);
    tell('Going on.\n');
  } finally {
    await scope.close();
  }
}

function tell(text: string): void {
  process.stderr.write(text);
}

interface MachineLife {
  readonly label: string;
  readonly machine: RunningMachine;
  /** How it ended; undefined while it lives. */
  readonly end: string | undefined;
  readonly doors: GuestDoors | undefined;
}

async function lifeOf(label: string, machine: RunningMachine, scope: Scope): Promise<MachineLife> {
  const outcome = await outcomeByNow(machine);
  if (outcome) return { label, machine, end: describeOutcome(outcome), doors: undefined };
  return { label, machine, end: undefined, doors: await openDoors(machine, scope) };
}

function describeLife({ label, machine, end, doors }: MachineLife): string {
  const lines =
    end === undefined && doors
      ? [
          ...(doors.shell === undefined ? [] : [`a shell in it:      ${enter(doors.shell)}`]),
          `its serial console: ${enter(doors.console)}`,
          ...machine.ports.map(
            ({ hostAddress, hostPort, guestPort, protocol }) =>
              `its port ${guestPort}: ${formatEndpoint(hostAddress, hostPort, protocol)}`,
          ),
        ]
      : [`has ended: ${end ?? ''}`];
  return `\n  ${label} (${machine.name})\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function enter(socket: string): string {
  return `npx vmlet console ${quoteForShell(socket)}`;
}

function howToGoOn(hasTerminal: boolean): string {
  const leaving = '\n  Ctrl-] leaves either. Machines that are powered off are not waited for.\n';
  if (hasTerminal) return `${leaving}\nPress Enter to go on.`;
  if (isMainThread) return `${leaving}\nTo go on: kill -INT ${process.pid}`;
  return `${leaving}\nTo go on, power the guests off.`;
}

async function interrupted(scope: Scope): Promise<unknown> {
  const interruption = deferred<unknown>();
  for (const signal of INTERRUPTS) process.on(signal, interruption.resolve);
  scope.defer(() => INTERRUPTS.forEach((signal) => process.off(signal, interruption.resolve)));
  return interruption.promise;
}

async function aborted(signal: AbortSignal | undefined, scope: Scope): Promise<unknown> {
  const abortion = deferred<unknown>();
  if (signal?.aborted) return signal.reason;
  if (signal) scope.defer(onAbort(signal, abortion.resolve));
  return abortion.promise;
}
