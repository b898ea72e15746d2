import {
  BrokenMachineError,
  MachineEndedError,
  MachineStateError,
  TimedOutError,
} from '../../errors/index.ts';
import type { Accelerator } from '../../host/kvm/accelerator.ts';
import { guestTime } from '../../machine/spec/guest-time.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { together } from '../../util/time/together.ts';
import type { Definition } from '../record/definition.ts';
import { whileKernelLives } from '../channel/while-kernel-lives.ts';
import { findPlan } from '../record/machine-plan-file.ts';
import {
  type RunningStatus,
  describeEnd,
  notRunning,
  readStatus,
  requireRunning,
} from '../record/machine-status.ts';
import { type Condition, type WaitConditions, conditionsOf, pauseBetweenLooks } from './wait-conditions.ts';
import { startTimer } from '../../util/time/timer.ts';

/** Options of waiting for a machine. */
export interface WaitOptions extends Limits {
  /** Time limit in milliseconds; 120 000 by default, 600 000 with `cloudInit`, and six times as much without KVM. */
  readonly timeoutMs?: number | undefined;
  /** Called when the list of pending conditions, or an observation of one, has changed. */
  readonly onProgress?: ((waiting: readonly WaitProgress[]) => void) | undefined;
}

/** A pending condition of a wait. */
export interface WaitProgress {
  /** Name of the condition, as in `port 8080`. */
  readonly condition: string;
  /** The last observation; empty before the first. */
  readonly seen: string;
}

const WAIT_TIMEOUT_MS = 120_000;
/** A first boot may install many packages. */
const CLOUD_INIT_TIMEOUT_MS = 600_000;

/** Returns the default time limit. */
export function waitTimeoutMs(
  { cloudInit }: Pick<WaitConditions, 'cloudInit'>,
  accelerator: Pick<Accelerator, 'kind'>,
): number {
  return guestTime(cloudInit ? CLOUD_INIT_TIMEOUT_MS : WAIT_TIMEOUT_MS, accelerator);
}

/**
 * Waits until every condition has been true at some time since the call.
 *
 * A machine that is not running is an error, unless `running` is among the conditions, or `stopped` is the only one.
 * @throws TimedOutError with the last observations in its hint; MachineEndedError when the machine ends before a condition
 *   other than `stopped` is true; LaunchError when its kernel dies before a condition that needs it is true;
 *   CloudInitError, MachineStateError, InvalidInputError, or the signal's reason.
 */
export async function waitForMachine(
  definition: Definition,
  wanted: WaitConditions,
  options: WaitOptions = {},
): Promise<void> {
  const { timeoutMs = waitTimeoutMs(wanted, acceleratorOf(definition)), signal, onProgress } = options;
  const waiting = new Map<Condition, string>();
  const conditions = conditionsOf(wanted);
  for (const condition of conditions) waiting.set(condition, '');
  const report = (): void =>
    onProgress?.([...waiting].map(([condition, seen]) => ({ condition: condition.name, seen })));
  const settle = async (condition: Condition, either: AbortSignal): Promise<void> => {
    await condition.wait(definition, {
      signal: either,
      saw: (seen) => {
        if (waiting.get(condition) === seen) return;
        waiting.set(condition, seen);
        report();
      },
    });
    waiting.delete(condition);
    report();
  };
  const all = async (some: readonly Condition[], either: AbortSignal): Promise<void> => {
    await together(
      some.map((condition) => async (one: AbortSignal) => settle(condition, one)),
      either,
    );
  };

  const limit = new AbortController();
  const stopTimer = startTimer(timeoutMs, () => limit.abort());
  const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  try {
    report();
    await all(
      conditions.filter(({ stage }) => stage === 'start'),
      either,
    );
    const live = conditions.filter(({ stage }) => stage === 'live');
    if (live.length > 0) {
      // A log pattern may match the kernel's last line.
      const onlyLog = live.every(({ needsKernel }) => needsKernel !== true);
      await whileItRuns(definition, either, async (one) =>
        onlyLog ? all(live, one) : whileKernelLives(definition, async (each) => all(live, each), one),
      );
    }
    await all(
      conditions.filter(({ stage }) => stage === 'end'),
      either,
    );
  } catch (error) {
    // Reading the status may fail, and an error in a timer would end the process.
    throw limit.signal.aborted && error === limit.signal.reason
      ? timedOut(definition, timeoutMs, waiting)
      : error;
  } finally {
    stopTimer();
  }
}

/** Returns the accelerator of the last start; before the first start, the configured one, or TCG, which is slower. */
function acceleratorOf({ spec, files }: Definition): Pick<Accelerator, 'kind'> {
  const asked = { kind: spec.accel === 'kvm' ? 'kvm' : 'tcg' } as const;
  try {
    return findPlan(files)?.accelerator ?? asked;
  } catch (error) {
    // Code that needs the plan reports the error.
    if (error instanceof BrokenMachineError) return asked;
    throw error;
  }
}

/** Fails as soon as the machine ends before `work` does. */
async function whileItRuns(
  definition: Definition,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const first = await started(definition, signal);
  const done = new AbortController();
  await together(
    [
      async (either) => {
        try {
          await work(either);
        } catch (error) {
          // A check may fail because the machine has ended; then that error is the one to report.
          requireSameRun(definition, first);
          throw error;
        } finally {
          done.abort();
        }
      },
      async (either) => {
        while (!done.signal.aborted) {
          requireSameRun(definition, first);
          await pauseBetweenLooks(AbortSignal.any([either, done.signal])).catch((error: unknown) => {
            if (!done.signal.aborted) throw error;
          });
        }
      },
    ],
    signal,
  );
}

/** Waits until the machine's sockets exist. */
async function started(definition: Definition, signal: AbortSignal): Promise<RunningStatus> {
  for (;;) {
    const status = requireRunning(definition);
    if (status.state !== 'starting') return status;
    await pauseBetweenLooks(signal);
  }
}

function requireSameRun({ spec, files }: Definition, first: RunningStatus): void {
  const status = readStatus(files);
  if (status.kind === 'running') {
    if (status.keeper.pid === first.keeper.pid && status.keeper.startTime === first.keeper.startTime) return;
    throw new MachineStateError(spec.name, status.state, 'ended and was started again during the wait', {
      hint: 'to wait for the restarted machine, repeat the command',
    });
  }
  if (status.kind === 'stopped') {
    throw new MachineEndedError(`${describeEnd(status.outcome)} (machine "${spec.name}")`, status.outcome);
  }
  throw notRunning(spec.name, status.kind);
}

function timedOut(
  definition: Definition,
  timeoutMs: number,
  waiting: ReadonlyMap<Condition, string>,
): TimedOutError {
  const names = [...waiting.keys()].map((condition) => condition.name);
  const seen = [...waiting].map(([condition, text]) => `${condition.name}: ${text || 'not checked yet'}`);
  return new TimedOutError(
    `waiting for ${names.join(', ')} in machine "${definition.spec.name}"`,
    timeoutMs,
    {
      hint: `${seen.join('; ')}; ${adviceFor(definition)}`,
    },
  );
}

/** More time does not help a guest that cannot run. */
function adviceFor({ spec, files }: Definition): string {
  const status = readStatus(files);
  return status.kind === 'running' && status.outOfSpace
    ? `the machine is paused: no space left on the host; free some space, then run: vmlet resume ${spec.name}`
    : 'give a slow guest more time with --timeout';
}
