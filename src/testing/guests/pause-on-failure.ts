import { isMainThread } from 'node:worker_threads';
import { formatEndpoint } from '../../public/format.ts';
import { describeOutcome } from '../../machine/life/outcome.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { isSwitchedOn } from '../../util/options/variable-switch.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { deferred } from '../../util/time/deferred.ts';
import { Scope } from '../../util/scope.ts';
import { ControllingTerminal } from '../runner/controlling-terminal.ts';
import { type GuestDoors, openDoors } from './guest-doors.ts';
import { outcomeByNow } from '../bundle/outcome-by-now.ts';

/** Options of pausing a test. */
export interface PauseOptions {
  /** First line of the message, as in `the test "starts" failed`. */
  readonly reason?: string | undefined;
  /** An abort ends the pause. */
  readonly signal?: AbortSignal | undefined;
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** True when the user wants to inspect the machines of a failed test: `PAUSE_ON_FAIL=1`. */
export function pausesOnFailure(environment: NodeJS.ProcessEnv = process.env): boolean {
  return isSwitchedOn(environment['PAUSE_ON_FAIL']);
}

/**
 * Keeps machines and prints how to get in, until Enter is pressed, this process is interrupted, or the last machine ends.
 * It writes to stderr, which runners show at once; they may overwrite a terminal.
 * @param machines the machines by their labels in the test.
 */
export async function pauseTest(
  machines: Readonly<Record<string, RunningMachine>>,
  { reason = 'a test failed', signal }: PauseOptions = {},
): Promise<void> {
  const scope = new Scope();
  try {
    const terminal = ControllingTerminal.open();
    if (terminal) scope.defer(() => terminal[Symbol.dispose]());
    const states = await Promise.all(
      Object.entries(machines).map(async ([label, machine]) => stateOf(label, machine, scope)),
    );
    const kept = states.filter(({ doors }) => doors !== undefined);
    if (kept.length === 0) {
      tell(
        `\n${reason}. There is no pause, because no machine is running:\n${states.map(describeState).join('')}`,
      );
      return;
    }
    tell(
      `\nPaused: ${reason}.\n${states.map(describeState).join('')}${howToContinue(terminal !== undefined)}\n`,
    );
    await Promise.race([
      ...(terminal ? [terminal.enter()] : []),
      interrupted(scope),
      aborted(signal, scope),
      Promise.all(kept.map(async ({ machine }) => machine.ended.catch(() => undefined))),
    ]);
    tell('Continuing.\n');
  } finally {
    await scope.close();
  }
}

function tell(text: string): void {
  process.stderr.write(text);
}

interface MachineState {
  readonly label: string;
  readonly machine: RunningMachine;
  /** How it ended; undefined while it is running. */
  readonly end: string | undefined;
  readonly doors: GuestDoors | undefined;
}

async function stateOf(label: string, machine: RunningMachine, scope: Scope): Promise<MachineState> {
  const outcome = await outcomeByNow(machine);
  if (outcome) return { label, machine, end: describeOutcome(outcome), doors: undefined };
  return { label, machine, end: undefined, doors: await openDoors(machine, scope) };
}

function describeState({ label, machine, end, doors }: MachineState): string {
  const lines =
    end === undefined && doors
      ? [
          ...(doors.shell === undefined ? [] : [`shell:          ${enter(doors.shell)}`]),
          `serial console: ${enter(doors.console)}`,
          ...machine.ports.map(
            ({ hostAddress, hostPort, guestPort, protocol }) =>
              `port ${guestPort}: ${formatEndpoint(hostAddress, hostPort, protocol)}`,
          ),
        ]
      : [`ended: ${end ?? ''}`];
  return `\n  ${label} (${machine.name})\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function enter(socket: string): string {
  return `npx vmlet console ${quoteForShell(socket)}`;
}

function howToContinue(hasTerminal: boolean): string {
  const leaving = '\n  Ctrl-] leaves the shell or console.\n';
  if (hasTerminal) return `${leaving}\nTo continue, press Enter or power off all guests.`;
  if (isMainThread) return `${leaving}\nTo continue, power off all guests, or run: kill -INT ${process.pid}`;
  return `${leaving}\nTo continue, power off all guests.`;
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
