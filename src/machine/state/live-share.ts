import { QmpRefusedError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { shareDevice, shareDeviceId } from '../qemu/share-device.ts';
import type { SharePlan } from '../share/share-plan.ts';
import { unplugDevice } from './unplug.ts';

/**
 * Plugs the device of a share into a free root port of a running machine. Nothing is left behind on failure.
 * @throws QmpRefusedError, as when virtiofsd does not answer, and the errors of `execute`.
 */
export async function attachShare(
  qmp: QmpClient,
  share: Pick<SharePlan, 'tag' | 'port' | 'bus' | 'socketPath'>,
): Promise<void> {
  await qmp.execute('chardev-add', {
    id: share.tag,
    backend: {
      type: 'socket',
      data: { addr: { type: 'unix', data: { path: share.socketPath } }, server: false },
    },
  });
  try {
    await qmp.execute('device_add', shareDevice(share));
  } catch (error) {
    if (error instanceof QmpRefusedError) await qmp.execute('chardev-remove', { id: share.tag });
    throw error;
  }
}

/**
 * Asks the guest to release a share that it has unmounted, and ends the connection with virtiofsd.
 * @throws as `unplugDevice` does; the device is still there then.
 */
export async function detachShare(
  qmp: QmpClient,
  { tag, target }: Pick<SharePlan, 'tag' | 'target'>,
  limits: Limits = {},
): Promise<void> {
  const device = {
    id: shareDeviceId(tag),
    name: target,
    words: `the directory ${target}`,
    hint: 'in the guest, stop the programs that use the directory, then try again',
  };
  await unplugDevice(qmp, device, limits);
  if (await hasConnection(qmp, tag)) await qmp.execute('chardev-remove', { id: tag });
}

/** True while QEMU has a connection for the share, with its device or after an interrupted change without it. */
export async function hasConnection(qmp: QmpClient, tag: string): Promise<boolean> {
  return (await qmp.execute('query-chardev')).some(({ label }) => label === tag);
}
