import { existsSync } from 'node:fs';
import { MachineStateError } from '../../errors/index.ts';
import type { Outcome } from '../../machine/life/outcome.ts';
import { isAlive } from '../../process/procfs/identity.ts';
import { signalKeeper } from '../../process/keeper.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { attachAgent } from '../channel/agent.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { isRestoring } from '../lock/interrupted-restore.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import {
  type LostOutcome,
  type MachineStatus,
  readEnding,
  readStatus,
  notRunning,
} from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** The ways of ending a named machine, gentlest first. */
export type MachineStopRung = 'guest' | 'power-button' | 'quit' | 'SIGTERM' | 'SIGKILL';

export interface MachineStopOptions extends Limits {
  /** Milliseconds for all steps together before QEMU is killed; 60 000 by default. */
  readonly timeoutMs?: number;
}

export interface MachineStopResult {
  /** The step that ended it. */
  readonly rung: MachineStopRung;
  readonly outcome: Outcome | LostOutcome;
}

const STOP_TIMEOUT_MS = 60_000;
/** A guest that boots, or asks a user first, ignores the button; systemd powers off at once at the seventh in 2 s. */
const PRESS_AGAIN_MS = 5000;
/** A killed QEMU needs this long at most to be gone, unless the kernel itself hangs. */
const DEATH_MS = 30_000;

type Running = Extract<MachineStatus, { kind: 'running' }>;

/**
 * Ends a machine as gently as it lets us: its agent or its power button, then QMP quit, SIGTERM and SIGKILL.
 * @throws MachineStateError when it does not run, MachineBusyError, or the signal's reason: the guest may then still
 *   be on its way down.
 */
export async function stopMachine(
  definition: Definition,
  options: MachineStopOptions = {},
): Promise<MachineStopResult> {
  const { spec, files } = definition;
  await using scope = new Scope();
  await lockMachine(spec.name, files, 'stopping it', scope);
  const running = requireRunning(definition);
  const timeoutMs = options.timeoutMs ?? STOP_TIMEOUT_MS;
  const gone = async (share: number): Promise<boolean> =>
    hasEnded(running, timeoutMs * share, options.signal);
  const result = (rung: MachineStopRung): MachineStopResult => ({ rung, outcome: readEnd(definition) });

  // A paused guest cannot react; one whose memory is saved, or half restored, must not run on.
  const mustNotRun = running.state !== 'running' && (existsSync(files.savedState) || isRestoring(files));
  if (['paused', 'prelaunch'].includes(running.state) && !mustNotRun)
    await letRun(definition, options.signal);
  // Without space on the host no guest gets through its shutdown; with it, it does.
  const isStuck = running.outOfSpace !== undefined && !(await triesAgain(definition, options.signal));
  const canShutDown = !mustNotRun && !isStuck;
  const asksGuest = spec.boot.kind === 'image' && canShutDown;
  if (asksGuest && (await askGuest(definition, timeoutMs * 0.2, options.signal))) {
    if (await gone(0.3)) return result('guest');
  }
  const patience = performance.now() + (canShutDown ? timeoutMs * 0.7 : 0);
  while (performance.now() < patience) {
    signalKeeper(running.keeper, 'power-button');
    const rest = patience - performance.now();
    if (await hasEnded(running, Math.min(rest, PRESS_AGAIN_MS), options.signal))
      return result('power-button');
  }
  signalKeeper(running.keeper, 'quit');
  if (await gone(0.15)) return result('quit');
  if (running.qemu) terminate(running.qemu.pid, running);
  if (await gone(0.1)) return result('SIGTERM');
  return { rung: 'SIGKILL', outcome: await killMachine(definition) };
}

/**
 * Ends a machine at once, as pulling the plug would. It waits for nobody: a stop that is on its way ends with it.
 * @throws MachineStateError when it does not run.
 */
export async function killMachine(definition: Definition): Promise<Outcome | LostOutcome> {
  const running = requireRunning(definition);
  signalKeeper(running.keeper, 'kill');
  if (!(await hasEnded(running, DEATH_MS, undefined))) {
    throw new MachineStateError(definition.spec.name, running.state, 'does not end, although it was killed', {
      hint: `look at process ${running.keeper.pid} and those below it`,
    });
  }
  return readEnd(definition);
}

function requireRunning({ spec, files }: Definition): Running {
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind);
  return status;
}

function readEnd({ spec, files }: Definition): Outcome | LostOutcome {
  const { kind } = readStatus(files);
  const ending = kind === 'running' ? undefined : readEnding(files);
  if (ending) return ending.outcome;
  throw new MachineStateError(spec.name, kind, `was stopped, and is ${kind} now`, {
    hint: 'somebody started it again at once',
  });
}

async function letRun(definition: Definition, signal: AbortSignal | undefined): Promise<void> {
  try {
    await withMonitor(definition, async (qmp) => qmp.execute('cont'), { signal });
  } catch {
    signal?.throwIfAborted();
    // Whose monitor cannot be reached, as after its runtime directory was cleared, is told to quit by its keeper.
  }
}

/** @returns whether there is space by now, and it goes on. */
async function triesAgain(definition: Definition, signal: AbortSignal | undefined): Promise<boolean> {
  const { resumeIntoSpace } = await import('./resume-into-space.ts');
  try {
    await withMonitor(definition, async (qmp) => resumeIntoSpace(definition.spec.name, qmp), { signal });
    return true;
  } catch {
    signal?.throwIfAborted();
    // As for one whose monitor cannot be reached: it is told to quit.
    return false;
  }
}

async function askGuest(
  definition: Definition,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await using agent = await attachAgent(definition, { timeoutMs, signal });
    await agent.powerOff();
    return true;
  } catch {
    signal?.throwIfAborted();
    // A guest that does not answer has a power button.
    return false;
  }
}

function terminate(pid: number, { qemu }: Running): void {
  if (qemu && isAlive(qemu)) process.kill(pid, 'SIGTERM');
}
