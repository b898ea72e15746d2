import { existsSync } from 'node:fs';
import { MachineStateError } from '../../errors/index.ts';
import type { Outcome } from '../../machine/life/outcome.ts';
import { signalProcess } from '../../process/procfs/identity.ts';
import { signalKeeper } from '../../process/keeper.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { startTimer } from '../../util/time/timer.ts';
import { Scope } from '../../util/scope.ts';
import { attachAgent } from '../channel/attach-agent.ts';
import { keepAfterRun } from './guest-command.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { isRestoring } from '../recovery/interrupted-restore.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import {
  type LostOutcome,
  type RunningStatus,
  isPaused,
  readEnding,
  readStatus,
  requireRunning,
} from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** Steps of stopping a named machine, gentlest first. */
export type MachineStopRung = 'guest' | 'power-button' | 'quit' | 'SIGTERM' | 'SIGKILL';

/** Options of stopping a machine. */
export interface MachineStopOptions extends Limits {
  /** Time limit in milliseconds of all steps before QEMU is killed; 60 000 by default. */
  readonly timeoutMs?: number;
  /** Keep a machine that would be removed after its command, as to start it again; false by default. */
  readonly keep?: boolean | undefined;
  /** Called when a step begins, with its time limit in milliseconds. */
  readonly onRung?: ((rung: MachineStopRung, limitMs: number) => void) | undefined;
}

/** How a machine was stopped. */
export interface MachineStopResult {
  /** The step that ended the machine. */
  readonly rung: MachineStopRung;
  readonly outcome: Outcome | LostOutcome;
}

const STOP_TIMEOUT_MS = 60_000;
/** QEMU resumes a paused machine in milliseconds. */
const WAKE_MS = 2000;
/** A guest that boots, or asks a user first, ignores the button; at the seventh press in 2 s systemd powers off at once. */
const PRESS_AGAIN_MS = 5000;
/** Also with a shorter time limit: it takes a moment until QEMU would find the disk full again. */
const RETRY_LIMIT_MS = 5000;
/** A machine that is to end need not be started first. */
const NO_ADVICE = {};
/** A killed QEMU is gone within this time, unless the kernel itself hangs. */
const DEATH_MS = 30_000;

/**
 * Stops a machine gracefully, escalating from the agent or the power button to QMP quit, SIGTERM and SIGKILL.
 * @throws MachineStateError when it is not running, MachineBusyError, or the signal's reason: the guest may then still
 *   be shutting down.
 */
export async function stopMachine(
  definition: Definition,
  options: MachineStopOptions = {},
): Promise<MachineStopResult> {
  const { spec, files } = definition;
  await using scope = new Scope();
  await lockMachine(spec.name, files, 'stopping it', scope);
  const running = requireRunning(definition, NO_ADVICE);
  // Not taken back by an abort: the guest may still shut down.
  if (options.keep === true) keepAfterRun(files);
  const timeoutMs = options.timeoutMs ?? STOP_TIMEOUT_MS;
  const gone = async (share: number): Promise<boolean> =>
    hasEnded(running, timeoutMs * share, options.signal);
  const result = (rung: MachineStopRung): MachineStopResult => ({ rung, outcome: readEnd(definition) });

  // A paused guest cannot react. A machine with saved memory, or a partial restore, must not run.
  const mustNotRun = running.state !== 'running' && (existsSync(files.savedState) || isRestoring(files));
  const beginning = performance.now();
  const waking = { timeoutMs: Math.min(WAKE_MS, timeoutMs * 0.1), signal: options.signal };
  if (isPaused(running) && !mustNotRun) await letRun(definition, waking);
  // A guest cannot finish its shutdown while the host has no space.
  const isStuck = running.outOfSpace !== undefined && !(await resumesIntoSpace(definition, options));
  const canShutDown = !mustNotRun && !isStuck;
  const asksGuest = spec.boot.kind === 'image' && canShutDown;
  const begin = (rung: MachineStopRung, limitMs: number): void => options.onRung?.(rung, limitMs);
  const patience = canShutDown ? beginning + timeoutMs * 0.7 : performance.now();
  if (asksGuest) begin('guest', timeoutMs * 0.5);
  if (asksGuest && (await askGuest(definition, timeoutMs * 0.2, options.signal))) {
    if (await gone(0.3)) return result('guest');
  }
  if (performance.now() < patience) begin('power-button', Math.round(patience - performance.now()));
  while (performance.now() < patience) {
    signalKeeper(running.keeper, 'power-button');
    const rest = patience - performance.now();
    if (await hasEnded(running, Math.min(rest, PRESS_AGAIN_MS), options.signal))
      return result('power-button');
  }
  begin('quit', timeoutMs * 0.15);
  signalKeeper(running.keeper, 'quit');
  if (await gone(0.15)) return result('quit');
  begin('SIGTERM', timeoutMs * 0.1);
  if (running.qemu) signalProcess(running.qemu, 'SIGTERM');
  if (await gone(0.1)) return result('SIGTERM');
  begin('SIGKILL', DEATH_MS);
  return { rung: 'SIGKILL', outcome: await killMachine(definition) };
}

/**
 * Powers a machine off immediately, without waiting for a stop in progress.
 * @throws MachineStateError when it is not running.
 */
export async function killMachine(definition: Definition): Promise<Outcome | LostOutcome> {
  await killRunning(definition.spec.name, requireRunning(definition, NO_ADVICE), 'does not end:');
  return readEnd(definition);
}

/** @param problem a phrase that "its QEMU does not exit after SIGKILL" follows. @throws MachineStateError */
export async function killRunning(name: string, running: RunningStatus, problem: string): Promise<void> {
  signalKeeper(running.keeper, 'kill');
  if (await hasEnded(running, DEATH_MS, undefined)) return;
  throw new MachineStateError(name, running.state, `${problem} its QEMU does not exit after SIGKILL`, {
    hint: `find out which disk or file system QEMU waits for: ps -o pid,stat,wchan,args --ppid ${running.keeper.pid}`,
  });
}

function readEnd({ spec, files }: Definition): Outcome | LostOutcome {
  const { kind } = readStatus(files);
  const ending = kind === 'running' ? undefined : readEnding(files);
  if (ending) return ending.outcome;
  if (kind === 'running') {
    throw new MachineStateError(spec.name, kind, 'was stopped, but another process has started it again', {
      hint: `find out what starts the machine, such as a systemd unit; to stop the machine again, run: vmlet stop ${spec.name}`,
    });
  }
  throw new MachineStateError(spec.name, kind, 'was stopped, but vmlet does not know how it ended', {
    hint: `check the machine: vmlet inspect ${spec.name}`,
  });
}

async function letRun(definition: Definition, limits: Limits): Promise<void> {
  try {
    await briefly(limits, async (signal) =>
      withMonitor(definition, async (qmp) => qmp.execute('cont', {}, { signal }), { signal }),
    );
  } catch {
    limits.signal?.throwIfAborted();
    // When the monitor is unreachable, for example without its runtime directory, the keeper ends QEMU.
  }
}

/** Returns true when the host has space again and the machine runs. */
async function resumesIntoSpace(
  definition: Definition,
  { signal: given }: Pick<Limits, 'signal'>,
): Promise<boolean> {
  const { resumeIntoSpace } = await import('./resume.ts');
  try {
    await briefly({ timeoutMs: RETRY_LIMIT_MS, signal: given }, async (signal) =>
      withMonitor(definition, async (qmp) => resumeIntoSpace(definition.spec.name, qmp, { signal }), {
        signal,
      }),
    );
    return true;
  } catch {
    given?.throwIfAborted();
    // When the monitor is unreachable, the keeper ends QEMU.
    return false;
  }
}

/** Aborts the work at its time limit. */
async function briefly<T>(
  { timeoutMs = 0, signal }: Limits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const stopTimer = startTimer(timeoutMs, () => limit.abort());
  try {
    return await work(signal ? AbortSignal.any([signal, limit.signal]) : limit.signal);
  } finally {
    stopTimer();
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
    // A guest that does not answer still has a power button.
    return false;
  }
}
