import {
  GuestHoldsDeviceError,
  GuestMountError,
  GuestPlugError,
  GuestRequestError,
  ImageLockedError,
  QmpRefusedError,
} from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { endOfMachine } from '../life/launch-failure.ts';
import { explainImageFailure, volumeInUse } from '../life/locked-image.ts';
import { type SeedPlan, pluggedDisks } from '../plan/plan.ts';
import { SEED, diskDeviceId, seedDevice } from '../qemu/block-node.ts';
import { hasNamedOwner, withKnownOwners } from '../share/guest-owner.ts';
import { type RunningShare, startShare } from '../share/running-share.ts';
import { attachDisk } from '../state/live-disk.ts';
import { attachShare } from '../state/live-share.ts';
import { unplugDevice } from '../state/unplug.ts';
import type { StartedMachine } from './started-machine.ts';

type Plugging = Pick<StartedMachine, 'qmp' | 'plan'>;

/**
 * Plugs in the directories and volumes whose devices are not in the guest's restored state. Where there are disks too,
 * `plugInDisks` does the volumes.
 * @throws VolumeInUseError, QmpRefusedError, and the errors of `execute`.
 */
export async function plugInMounts(
  machine: Plugging & Pick<StartedMachine, 'life' | 'shares'>,
): Promise<void> {
  const { plan, shares } = machine;
  for (const share of shares) if (share.plan.port !== undefined) await plugInShare(machine, share);
  if (pluggedDisks(plan).length === 0) await plugInVolumes(machine);
}

/**
 * Plugs the directories whose owner is a name into the running guest, which says its number. virtiofsd translates the
 * owners by a table that cannot change after its start.
 * @throws InvalidInputError for a user whom the guest does not have, QmpRefusedError, and the errors of `execute` and of
 * the agent.
 */
export async function plugInNamedOwners(
  machine: Plugging & Pick<StartedMachine, 'life' | 'scope'>,
  agent: GuestAgent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { plan, life, scope } = machine;
  for (const share of await withKnownOwners(agent, plan.shares.filter(hasNamedOwner), signal)) {
    const running = await startShare(share, scope);
    life.dependOn(running);
    await plugInShare(machine, running);
  }
}

async function plugInShare(
  { qmp, life }: Pick<StartedMachine, 'qmp' | 'life'>,
  { plan, close }: RunningShare,
): Promise<void> {
  await attachShare(qmp, plan).catch(async (error: unknown) => {
    // QEMU only says that a virtiofsd that has ended does not answer.
    throw (error instanceof QmpRefusedError ? await endOfMachine(life) : undefined) ?? error;
  });
  // QEMU has connected.
  close();
}

/**
 * Plugs the plan's disks into the running guest, one after the other, so that it names them as after a boot: in their
 * order, and before the seed disk and the volumes.
 * @throws GuestPlugError when the guest cannot use them, ImageLockedError, VolumeInUseError, QmpRefusedError, and the
 * errors of `execute` and of the agent.
 */
export async function plugInDisks(machine: Plugging, agent: GuestAgent): Promise<void> {
  const { qmp, plan } = machine;
  const disks = pluggedDisks(plan);
  if (disks.length === 0) return;
  const { seed } = plan;
  if (seed) await unplugSeed(machine, seed);
  for (const disk of disks) {
    await attachDisk(qmp, disk);
    await agent.configure({ disks: [disk.nodeName] }).catch((error: unknown) => {
      if (!(error instanceof GuestRequestError || error instanceof GuestMountError)) throw error;
      throw new GuestPlugError(disk.nodeName, { cause: error });
    });
  }
  if (seed) await qmp.execute('device_add', seedDevice(seed));
  await plugInVolumes(machine);
}

async function unplugSeed({ qmp }: Plugging, { bus }: SeedPlan): Promise<void> {
  if (bus === undefined) throw new GuestPlugError(SEED);
  const words = {
    id: diskDeviceId(SEED),
    name: SEED,
    words: 'the disk with the cloud-init data',
    hint: 'boot the guest',
  };
  await unplugDevice(qmp, words).catch((error: unknown) => {
    throw error instanceof GuestHoldsDeviceError ? new GuestPlugError(SEED, { cause: error }) : error;
  });
}

async function plugInVolumes({ qmp, plan }: Plugging): Promise<void> {
  for (const volume of plan.volumes) {
    if (volume.port === undefined) continue;
    await attachDisk(qmp, volume.disk).catch(async (error: unknown) => {
      // QEMU locks the file when the device is plugged in.
      const explained = await explainImageFailure(error, [volume.disk.path]);
      throw explained instanceof ImageLockedError ? await volumeInUse(volume, explained) : explained;
    });
  }
}
