import {
  GuestHoldsDeviceError,
  InvalidInputError,
  QmpRefusedError,
  TimedOutError,
} from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { backingChain, blockNodeOf, diskDevice, diskDeviceId } from '../qemu/block-node.ts';
import { explainImageFailure } from '../life/locked-image.ts';
import type { DiskPlan } from '../plan/plan.ts';

const GUEST_PATIENCE_MS = 30_000;
const QEMU_PATIENCE_MS = 5000;
/**
 * A guest that is still in its firmware drops the request. A second request within 5 s may cancel the first:
 * that is how the attention button of PCI Express works.
 */
const ASK_AGAIN_MS = 6000;

/**
 * Plugs a disk into a running machine; its `bus` is a free root port. Nothing is left behind on failure.
 * @throws ImageLockedError, PermissionError, NoSpaceError, QmpRefusedError (as for an occupied port), and the
 * errors of `execute`.
 */
export async function attachDisk(qmp: QmpClient, disk: DiskPlan, limits: Limits = {}): Promise<void> {
  const addNode: string = 'blockdev-add';
  try {
    await qmp.execute(addNode, blockNodeOf(disk), limits);
  } catch (error) {
    if (error instanceof QmpRefusedError) {
      throw await explainImageFailure(error, [disk.path, ...backingChain(disk).map(({ path }) => path)]);
    }
    // QEMU may still be working on it. It runs commands in order, so the removal comes later, but it drops those
    // of a closed connection: wait for the answer. Its result does not matter.
    await removeNode(qmp, disk.nodeName, { timeoutMs: QEMU_PATIENCE_MS }).catch(() => undefined);
    throw error;
  }
  try {
    await qmp.execute('device_add', diskDevice(disk));
  } catch (error) {
    if (error instanceof QmpRefusedError) await removeNode(qmp, disk.nodeName);
    throw error;
  }
}

/**
 * Asks the guest to release a disk, and removes it once the guest has. On failure the request stays pending
 * in the guest, and a second call completes it.
 * @param limits `timeoutMs` is the time for the guest to release the disk, 30 000 by default.
 * @throws GuestHoldsDeviceError when the guest does not release it in time; InvalidInputError for a disk that
 * the machine does not have; QmpRefusedError for a disk that cannot be unplugged; QmpClosedError or
 * QmpCrashedError when the machine ends meanwhile (the disk is then free); or the signal's reason.
 */
export async function detachDisk(
  qmp: QmpClient,
  { nodeName }: Pick<DiskPlan, 'nodeName'>,
  { timeoutMs = GUEST_PATIENCE_MS, signal }: Limits = {},
): Promise<void> {
  await requireNode(qmp, nodeName);
  try {
    const answer = await unplug(qmp, diskDeviceId(nodeName), { timeoutMs, signal });
    if (answer === 'refused') {
      throw new GuestHoldsDeviceError(nodeName, `the guest refused to release the disk ${nodeName}`, {
        hint: 'stop using it in the guest (umount, swapoff), then try again',
      });
    }
  } catch (error) {
    throw error instanceof TimedOutError ? await explainSilence(qmp, nodeName, error) : error;
  }
  await removeNode(qmp, nodeName);
}

/**
 * Grows a disk at run time; the guest is notified.
 * @throws InvalidInputError for a size that is smaller or not in whole sectors of 512 bytes, and for a disk
 * that the machine does not have; NoSpaceError, QmpRefusedError, and the errors of `execute`.
 */
export async function resizeLiveDisk(
  qmp: QmpClient,
  nodeName: string,
  sizeBytes: number,
  limits: Limits = {},
): Promise<void> {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % 512 !== 0) {
    throw new InvalidInputError('sizeBytes', `${sizeBytes} is not a positive multiple of 512`);
  }
  const { image } = await requireNode(qmp, nodeName);
  if (sizeBytes < image['virtual-size']) {
    throw new InvalidInputError(
      'sizeBytes',
      `cannot shrink the disk ${nodeName} from ${image['virtual-size']} bytes while the machine is running`,
      { hint: 'shrink its file systems, stop the machine, then shrink the disk' },
    );
  }
  try {
    await qmp.execute('block_resize', { 'node-name': nodeName, size: sizeBytes }, limits);
  } catch (error) {
    throw await explainImageFailure(error, [image.filename]);
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
  nodeName: string,
  { timeoutMs }: TimedOutError,
): Promise<GuestHoldsDeviceError> {
  const { running, status } = await qmp.execute('query-status', {}, { timeoutMs: QEMU_PATIENCE_MS });
  return new GuestHoldsDeviceError(
    nodeName,
    `timed out after ${timeoutMs / 1000} s waiting for the guest to release the disk ${nodeName}`,
    {
      hint: running
        ? 'try again, or stop the machine first; the guest may still be booting, hang, or not support unplugging, and the request stays pending'
        : `resume or stop the machine first; it is ${status}, so its guest cannot respond`,
    },
  );
}

async function requireNode(qmp: QmpClient, nodeName: string) {
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  const node = nodes.find((one) => one['node-name'] === nodeName);
  if (node) return node;
  throw new InvalidInputError('disk', `no such disk: ${nodeName}`);
}

async function removeNode(qmp: QmpClient, nodeName: string, limits: Limits = {}): Promise<void> {
  await qmp.execute('blockdev-del', { 'node-name': nodeName }, limits);
}
