import { MachineStateError, QmpClosedError, QmpConnectError, TimedOutError } from '../../errors/index.ts';
import { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { startTimer } from '../../util/time/timer.ts';
import type { Definition } from '../record/definition.ts';
import { endedMeanwhile, hasEnded } from './ended.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';

/** Others may be in front of us: each of vmlet's commands needs the monitor for a moment. */
const TURN_MS = 30_000;
/** QEMU answers in milliseconds; a host that swaps, or a file system that hangs, can hold it up. */
const ANSWER_MS = 30_000;
/** The connection is gone before the keeper, which waits for its helpers. */
const END_MS = 5000;

export interface MonitorOptions extends Pick<Limits, 'signal'> {
  /** Work that QEMU takes long for: its commands have no limit, and it leaves the other monitor to short ones. */
  readonly long?: boolean | undefined;
  /** Work that the guest takes long for: it leaves the other monitor to short ones, too, but QEMU answers at once. */
  readonly waitsForGuest?: boolean | undefined;
}

/**
 * Connects to QEMU's monitor for the time of `work`.
 * @throws MachineStateError when the machine does not run or its sockets are gone, MachineEndedError when it ends
 *   meanwhile, TimedOutError when QEMU leaves a command without an answer for 30 s, of long work only once it was aborted,
 *   and what `work` throws.
 */
export async function withMonitor<T>(
  { spec, files }: Definition,
  work: (qmp: QmpClient) => Promise<T>,
  { signal, long = false, waitsForGuest = false }: MonitorOptions = {},
): Promise<T> {
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind);
  const socket = long || waitsForGuest ? files.shellSocket : files.monitorSocket;
  const qmp = await QmpClient.connect(socket, {
    signal,
    greetingTimeoutMs: TURN_MS,
    timeoutMs: long ? undefined : ANSWER_MS,
  }).catch((error: unknown) => {
    if (!(error instanceof QmpConnectError)) throw error;
    const now = readStatus(files);
    if (now.kind !== 'running') throw notRunning(spec.name, now.kind);
    throw new MachineStateError(
      spec.name,
      now.state,
      `runs, but its socket ${error.path} cannot be reached`,
      {
        hint: 'the runtime directory was cleared under it; it can still be stopped and killed',
        cause: error,
      },
    );
  });
  const patience = long && signal ? patienceAfterAbort(qmp, signal) : undefined;
  try {
    return await work(qmp);
  } catch (error) {
    if (patience?.isOver === true) {
      throw new TimedOutError(`undoing what was interrupted in ${spec.name}`, ANSWER_MS, {
        hint: `QEMU does not answer; when it still stands later, what is left is to kill it: vmlet kill ${spec.name}`,
        cause: error,
      });
    }
    if (!long && error instanceof TimedOutError && error.timeoutMs === ANSWER_MS) {
      throw new TimedOutError(`a command to QEMU, which does not answer for ${spec.name},`, ANSWER_MS, {
        hint: `it stands still; what is left is to kill it: vmlet kill ${spec.name}`,
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

/** A QEMU that is to undo what it does may not answer any more. What is left then is as after whoever was killed. */
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
