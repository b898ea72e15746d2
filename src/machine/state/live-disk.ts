import { InvalidInputError, QmpRefusedError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { backingChain, blockNodeOf, diskDevice, diskDeviceId } from '../qemu/block-node.ts';
import { explainImageFailure } from '../life/locked-image.ts';
import type { DiskPlan } from '../plan/plan.ts';
import { unplugDevice } from './unplug.ts';

const QEMU_PATIENCE_MS = 5000;

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
  { timeoutMs, signal }: Limits = {},
): Promise<void> {
  await requireNode(qmp, nodeName);
  await unplugDevice(
    qmp,
    {
      id: diskDeviceId(nodeName),
      name: nodeName,
      words: `disk "${nodeName}"`,
      hint: 'stop using the disk in the guest (umount, swapoff), then try again',
    },
    { timeoutMs, signal },
  );
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
    throw new InvalidInputError(
      'sizeBytes',
      `a size of ${sizeBytes} bytes is not a positive multiple of 512`,
    );
  }
  const { image } = await requireNode(qmp, nodeName);
  if (sizeBytes < image['virtual-size']) {
    throw new InvalidInputError(
      'sizeBytes',
      `cannot shrink disk "${nodeName}" from ${image['virtual-size']} to ${sizeBytes} bytes while the machine is running`,
      {
        hint: 'shrink the file systems in the guest, stop the machine, then run: vmlet disk resize --shrink NAME DISK SIZE',
      },
    );
  }
  try {
    await qmp.execute('block_resize', { 'node-name': nodeName, size: sizeBytes }, limits);
  } catch (error) {
    throw await explainImageFailure(error, [image.filename]);
  }
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
