import { MachineStateError, QmpClosedError, QmpConnectError, TimedOutError } from '../../errors/index.ts';
import { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { startTimer } from '../../util/time/timer.ts';
import type { Definition } from '../record/definition.ts';
import { endedMeanwhile, hasEnded } from './ended.ts';
import { requireRunning } from '../record/machine-status.ts';

/** Each of vmlet's commands needs the monitor for a moment, so several may be queued. */
const TURN_MS = 30_000;
/** QEMU answers in milliseconds; a swapping host or a hanging file system can delay it. */
const ANSWER_MS = 30_000;
/** The connection ends before the keeper, which waits for its helpers. */
const END_MS = 5000;

export interface MonitorOptions extends Pick<Limits, 'signal'> {
  /** The work takes QEMU long: its commands have no time limit, and it uses the second monitor. */
  readonly long?: boolean | undefined;
  /** The work waits for the guest: it uses the second monitor too, but QEMU answers at once. */
  readonly waitsForGuest?: boolean | undefined;
}

/**
 * Connects to QEMU's monitor while `work` runs.
 * @throws MachineStateError when the machine is not running or its sockets are missing, MachineEndedError when it ends
 *   in the meantime, TimedOutError when QEMU does not answer a command for 30 s (for long work: 30 s after an abort),
 *   and what `work` throws.
 */
export async function withMonitor<T>(
  { spec, files }: Definition,
  work: (qmp: QmpClient) => Promise<T>,
  { signal, long = false, waitsForGuest = false }: MonitorOptions = {},
): Promise<T> {
  const status = requireRunning({ spec, files });
  const socket = long || waitsForGuest ? files.shellSocket : files.monitorSocket;
  const qmp = await QmpClient.connect(socket, {
    signal,
    greetingTimeoutMs: TURN_MS,
    timeoutMs: long ? undefined : ANSWER_MS,
  }).catch(async (error: unknown) => {
    // It ended before its monitor's greeting.
    if (error instanceof QmpClosedError && (await hasEnded(status, END_MS, signal))) {
      throw endedMeanwhile({ spec, files }, error);
    }
    if (!(error instanceof QmpConnectError)) throw error;
    throw new MachineStateError(
      spec.name,
      requireRunning({ spec, files }).state,
      `is running, but its monitor socket is missing: ${error.path}`,
      {
        hint: `another program removed files from the runtime directory of the machine; restart the machine: vmlet restart ${spec.name}`,
        cause: error,
      },
    );
  });
  const patience = long && signal ? patienceAfterAbort(qmp, signal) : undefined;
  try {
    return await work(qmp);
  } catch (error) {
    if (patience?.isOver === true) {
      throw new TimedOutError(
        `waiting for QEMU to undo the interrupted operation of machine "${spec.name}"`,
        ANSWER_MS,
        {
          hint: `try again later; if QEMU still does not answer, power off the machine: vmlet kill ${spec.name}`,
          cause: error,
        },
      );
    }
    if (!long && error instanceof TimedOutError && error.timeoutMs === ANSWER_MS) {
      throw new TimedOutError(`waiting for QEMU of machine "${spec.name}" to answer`, ANSWER_MS, {
        hint: `try again later; if QEMU still does not answer, power off the machine: vmlet kill ${spec.name}`,
        cause: error,
      });
    }
    const lost = error instanceof QmpClosedError;
    throw lost && (await hasEnded(status, END_MS, signal)) ? endedMeanwhile({ spec, files }, error) : error;
  } finally {
    patience?.stop();
    await qmp.close();
  }
}

interface Patience {
  readonly isOver: boolean;
  readonly stop: () => void;
}

/** QEMU may not answer while it undoes an aborted operation. After this limit, the result is the same as for a command that was killed. */
function patienceAfterAbort(qmp: QmpClient, signal: AbortSignal): Patience {
  let isOver = false;
  let stopTimer: (() => void) | undefined;
  const stopWaiting = onAbort(signal, () => {
    stopTimer = startTimer(ANSWER_MS, () => {
      isOver = true;
      void qmp.close();
    });
  });
  return {
    get isOver() {
      return isOver;
    },
    stop: () => {
      stopWaiting();
      stopTimer?.();
    },
  };
}
