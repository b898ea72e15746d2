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
 * A guest that is still in its firmware drops the request. One that hears it twice within 5 s may take the second for
 * a change of mind: the attention button of PCI Express works so.
 */
const ASK_AGAIN_MS = 6000;

/**
 * Plugs a disk into a running machine; its `bus` is a free root port. Nothing is left behind when it fails.
 * @throws ImageLockedError, PermissionError, NoSpaceError, QmpRefusedError (as for a port that is taken), and what
 *   `execute` throws.
 */
export async function attachDisk(qmp: QmpClient, disk: DiskPlan, limits: Limits = {}): Promise<void> {
  const addNode: string = 'blockdev-add';
  try {
    await qmp.execute(addNode, blockNodeOf(disk), limits);
  } catch (error) {
    if (error instanceof QmpRefusedError) {
      throw await explainImageFailure(error, [disk.path, ...backingChain(disk).map(({ path }) => path)]);
    }
    // QEMU may be at it still. It does one after the other, so that this comes behind; nobody waits for it.
    void removeNode(qmp, disk.nodeName).catch(() => undefined);
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
 * Asks the guest to let go of a disk, and takes it away when it has. Where that fails the request stays with the
 * guest, and a second call finishes what it has done by then.
 * @param limits `timeoutMs` is what the guest gets to let go, 30 000 by default.
 * @throws GuestHoldsDeviceError when it does not let go in time; InvalidInputError for a disk that the machine does
 *   not have; QmpRefusedError for one that cannot be unplugged; QmpClosedError or QmpCrashedError when the machine
 *   ends meanwhile, and the disk is free then; or the signal's reason.
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
      throw new GuestHoldsDeviceError(nodeName, `the guest refused to let go of the disk ${nodeName}`, {
        hint: 'stop using it in the guest (umount, swapoff), then try again',
      });
    }
  } catch (error) {
    throw error instanceof TimedOutError ? await explainSilence(qmp, nodeName, error) : error;
  }
  await removeNode(qmp, nodeName);
}

/**
 * Makes a disk larger under its guest, which is told.
 * @throws InvalidInputError for a size that is smaller or not in whole sectors of 512 bytes, and for a disk that the
 *   machine does not have; NoSpaceError, QmpRefusedError, and what `execute` throws.
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
      `the disk ${nodeName} has ${image['virtual-size']} bytes, and a running machine's disk only grows`,
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
      // What was kept from before is about an earlier disk of this name.
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
        // The guest is at it already, or the machine has ended, which is noticed below.
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

/** @returns whether the machine has such a device. */
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
    `the guest did not let go of the disk ${nodeName} within ${timeoutMs / 1000} s`,
    {
      hint: running
        ? 'its system is not up yet, hangs, or cannot take a disk out; the request stays with it, so try again, or stop the machine first'
        : `the machine is ${status}, so that its guest cannot answer; resume it, or stop it first`,
    },
  );
}

async function requireNode(qmp: QmpClient, nodeName: string) {
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  const node = nodes.find((one) => one['node-name'] === nodeName);
  if (node) return node;
  throw new InvalidInputError('disk', `the machine has no disk ${nodeName}`);
}

async function removeNode(qmp: QmpClient, nodeName: string): Promise<void> {
  await qmp.execute('blockdev-del', { 'node-name': nodeName });
}
