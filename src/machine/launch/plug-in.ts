import { ImageLockedError } from '../../errors/index.ts';
import { explainImageFailure, volumeInUse } from '../life/locked-image.ts';
import { attachDisk } from '../state/live-disk.ts';
import { attachShare } from '../state/live-share.ts';
import type { StartedMachine } from './started-machine.ts';

/**
 * Plugs in the directories and volumes whose devices are not in the guest's restored state.
 * @throws VolumeInUseError, QmpRefusedError, and the errors of `execute`.
 */
export async function plugInMounts({
  qmp,
  plan,
  shares,
}: Pick<StartedMachine, 'qmp' | 'plan' | 'shares'>): Promise<void> {
  for (const [index, share] of plan.shares.entries()) {
    if (share.port === undefined) continue;
    await attachShare(qmp, share);
    // QEMU has connected.
    shares[index]?.close();
  }
  for (const volume of plan.volumes) {
    if (volume.port === undefined) continue;
    await attachDisk(qmp, volume.disk).catch(async (error: unknown) => {
      // QEMU locks the file when the device is plugged in.
      const explained = await explainImageFailure(error, [volume.disk.path]);
      throw explained instanceof ImageLockedError ? volumeInUse(volume, explained) : explained;
    });
  }
}
