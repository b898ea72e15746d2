import { GuestHoldsDeviceError, QmpRefusedError, TimedOutError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';

const GUEST_PATIENCE_MS = 30_000;
const QEMU_PATIENCE_MS = 5000;
/**
 * A guest that is still in its firmware drops the request. A second request within 5 s may cancel the first:
 * that is how the attention button of PCI Express works.
 */
const ASK_AGAIN_MS = 6000;

/** A device in a root port of a running machine. */
export interface PluggedDevice {
  readonly id: string;
  /** In errors: for programs, and as in `disk "disk1"`. */
  readonly name: string;
  readonly words: string;
  /** Advice when the guest refuses. */
  readonly hint: string;
}

/**
 * Asks the guest to release a device, and waits until it has. On failure the request stays pending in the guest, and a
 * second call completes it.
 * @param limits `timeoutMs` is 30 000 by default.
 * @throws GuestHoldsDeviceError, QmpRefusedError for a device that cannot be unplugged, QmpClosedError or QmpCrashedError
 * when the machine ends meanwhile, or the signal's reason.
 */
export async function unplugDevice(
  qmp: QmpClient,
  device: PluggedDevice,
  { timeoutMs = GUEST_PATIENCE_MS, signal }: Limits = {},
): Promise<void> {
  try {
    if ((await unplug(qmp, device.id, { timeoutMs, signal })) === 'gone') return;
    throw new GuestHoldsDeviceError(device.name, `the guest refused to release ${device.words}`, {
      hint: device.hint,
    });
  } catch (error) {
    throw error instanceof TimedOutError ? await explainSilence(qmp, device, error) : error;
  }
}

type GuestAnswer = 'gone' | 'refused';

async function unplug(qmp: QmpClient, deviceId: string, limits: Limits): Promise<GuestAnswer> {
  const answer = deferred<GuestAnswer>();
  let asked = false;
  const on = (event: 'DEVICE_DELETED' | 'DEVICE_UNPLUG_GUEST_ERROR', meaning: GuestAnswer): (() => void) =>
    qmp.on(event, ({ data }) => {
      // Ignores events about an earlier disk of this name.
      if (asked && data.device === deviceId) answer.resolve(meaning);
    });
  const stopListening = [on('DEVICE_DELETED', 'gone'), on('DEVICE_UNPLUG_GUEST_ERROR', 'refused')];
  asked = true;
  let askAgain: NodeJS.Timeout | undefined;
  try {
    if (!(await requestUnplug(qmp, deviceId, limits))) return 'gone';
    askAgain = setInterval(() => {
      requestUnplug(qmp, deviceId, limits).then(
        (isThere) => {
          if (!isThere) answer.resolve('gone');
        },
        // The guest is already working on it, or the machine has ended, which is noticed below.
        () => undefined,
      );
    }, ASK_AGAIN_MS);
    const end = qmp.closed.then(async () => requestUnplug(qmp, deviceId, {})).then(() => 'gone' as const);
    return await withinLimits('unplugging', Promise.race([answer.promise, end]), limits);
  } finally {
    clearInterval(askAgain);
    for (const stop of stopListening) stop();
  }
}

/** @returns false when the machine has no such device. */
async function requestUnplug(qmp: QmpClient, id: string, limits: Limits): Promise<boolean> {
  try {
    await qmp.execute('device_del', { id }, limits);
    return true;
  } catch (error) {
    if (error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound') return false;
    throw error;
  }
}

async function explainSilence(
  qmp: QmpClient,
  { name, words }: PluggedDevice,
  { timeoutMs }: TimedOutError,
): Promise<GuestHoldsDeviceError> {
  const { running, status } = await qmp.execute('query-status', {}, { timeoutMs: QEMU_PATIENCE_MS });
  return new GuestHoldsDeviceError(
    name,
    `timed out after ${timeoutMs / 1000} s waiting for the guest to release ${words}`,
    {
      hint: running
        ? 'the guest may still release it: run the command again later, or stop the machine first; the guest may be booting or hanging, or may not support hot-unplug'
        : `resume or stop the machine first: it is not running, so the guest cannot release the device (state: ${status})`,
    },
  );
}
