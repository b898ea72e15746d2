import { InvalidInputError } from '../../../errors/index.ts';
import { probeHost } from '../../../host/probe.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import { checkTogether, joinMounts, parseMount } from '../../../machine/share/mount-set.ts';
import { targetOf } from '../../../machine/mount/mounting.ts';
import type { SharePlan } from '../../../machine/share/share-plan.ts';
import type { Share } from '../../../machine/share/share.ts';
import type { VolumeInput } from '../../../machine/mount/volume-spec.ts';
import { findShares } from '../../../machine/survey/find-shares.ts';
import { planShares } from '../../../machine/survey/plan-shares.ts';
import { holdVolumes } from '../../../machine/volume/open-volume.ts';
import { Scope } from '../../../util/scope.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { refuseSaved, withLockedMachine, writeSpec } from '../../lock/edit.ts';
import { placeShare } from '../../plan/share-ports.ts';
import type { Definition } from '../../record/definition.ts';
import { shareSocket } from '../../record/machine-files.ts';
import { findPlan, readPlan } from '../../record/machine-plan-file.ts';
import { readStatus } from '../../record/machine-status.ts';
import type { MachineSpec } from '../../spec/machine-spec.ts';
import { type ComparedMount, type Mount, isSameMount, mountsOf } from '../../spec/mounts.ts';
import {
  mountSetOf,
  refuseCopyingBack,
  refuseOwnersByName,
  requireAgentForCopies,
  shareTags,
  storedMounts,
  withMounts,
  withTags,
} from '../../spec/stored-mounts.ts';
import { isEnteredByAgent } from '../../record/ssh-record.ts';
import { freeLiveTag, hasShare, plugInShare, unplugShare } from './live-shares.ts';

/** A directory, volume or tmpfs that a machine was given, or that was taken away. */
export interface ChangedShare {
  /** Its path in the guest. */
  readonly target: string;
  /** Copies, volumes, tmpfs, and the first directory of a running machine take effect at its next start. */
  readonly takesEffect: 'now' | 'next start';
}

/**
 * Gives a machine a directory of the host, a copy of one, a volume or a tmpfs. A running machine that was started with a
 * directory gets another one at once, but no copy.
 *
 * The definition is written first, as for disks: if this process is killed, the directory appears at the next start.
 * @param input as in `CreateOptions.volumes`, or text in the grammar of `--mount`, which begins with `type=`.
 * @throws InvalidInputError, SharesUnavailableError, MachineStateError (saved or paused), MachineBusyError,
 *   GuestMountError, TimedOutError when the guest's agent does not answer; nothing has changed then. Only when the guest
 *   does not release a directory that it could not mount, MachineStateError, the machine has it.
 */
export async function addShare(
  locations: Locations,
  machine: string,
  input: VolumeInput,
  { signal }: Pick<Limits, 'signal'> = {},
): Promise<ChangedShare> {
  const wanted = parseMount(input, 'share', process.cwd());
  refuseCopyingBack(wanted, machine);
  refuseOwnersByName(wanted);
  const { target } = onlyOne([...wanted.shares, ...wanted.volumes, ...wanted.tmpfs]);
  return withLockedMachine(locations, machine, 'adding a directory', async (definition) => {
    const { spec, files } = definition;
    refuseSaved(definition, 'mounts');
    requireAgentForCopies(wanted, machine, isEnteredByAgent(definition));
    checkTogether(joinMounts([mountSetOf(spec), wanted]));
    await using scope = new Scope();
    await holdVolumes(locations, wanted.volumes, scope, signal);
    const runs = readStatus(files).kind === 'running';
    const tagged = withTags(spec.shares);
    const taken = tagged.map(({ tag }) => tag);
    const share = wanted.shares.find(({ copy }) => !copy);
    const live = runs && share ? await freeLiveTag(definition, taken, signal) : undefined;
    const tag = live ?? shareTags().find((one) => !taken.includes(one));
    const stored = storedMounts({ ...wanted, shares: wanted.shares.map((one) => ({ ...one, tag })) });
    const plan =
      live !== undefined && share && (await planLive(locations, definition, { ...share, tag: live }));
    writeSpec(
      definition,
      withMounts(spec, {
        shares: [...tagged, ...(stored.shares ?? [])],
        copies: [...(spec.copies ?? []), ...(stored.copies ?? [])],
        volumes: [...(spec.volumes ?? []), ...(stored.volumes ?? [])],
        tmpfs: [...(spec.tmpfs ?? []), ...(stored.tmpfs ?? [])],
      }),
    );
    if (plan) {
      await plugInShare(definition, plan, { signal }).catch((error: unknown) => {
        if (!hasShare(definition, plan.tag)) writeSpec(definition, spec);
        throw error;
      });
    }
    return { target, takesEffect: runs && !plan ? 'next start' : 'now' };
  });
}

function onlyOne<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('internal error: the mount is not a directory, a volume or tmpfs');
  return one;
}

async function planLive(
  locations: Locations,
  { files }: Definition,
  share: Share,
): Promise<SharePlan | undefined> {
  const host = await probeHost({ cacheDirectory: locations.cache });
  const [plan] = planShares(findShares([share], host), host, (tag) => shareSocket(files, tag));
  return plan && placeShare(plan, readPlan(files).rootPorts);
}

/** Options of removing a directory. */
export interface RemoveShareOptions {
  /** Time in milliseconds for the guest to release it; 30 000 by default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a directory, volume or tmpfs away from a machine; files and volumes are kept, also copies in the guest. A running
 * guest unmounts a directory first.
 * @param path its path in the guest.
 * @throws GuestHoldsDeviceError while the guest uses it (nothing has changed then); InvalidInputError for a path where
 *   nothing is mounted; MachineStateError, MachineBusyError, TimedOutError.
 */
export async function removeShare(
  locations: Locations,
  machine: string,
  path: string,
  { timeoutMs, signal }: RemoveShareOptions = {},
): Promise<ChangedShare> {
  const target = targetOf(path, 'share');
  return withLockedMachine(locations, machine, 'removing a directory', async (definition) => {
    const { spec, files } = definition;
    requireMounted(spec, target);
    refuseSaved(definition, 'mounts');
    const current = listShares(definition).find((share) => share.target === target && !share.removed);
    // Also the device of a directory that the guest could not mount.
    const mayBePlugged = current?.type === 'bind' && !current.copy && readStatus(files).kind === 'running';
    const plugged = mayBePlugged
      ? readPlan(files).shares.find((share) => share.target === target && share.bus !== undefined)
      : undefined;
    const stays = current?.live === true && !current.copy && !plugged;
    if (plugged) await unplugShare(definition, plugged, { timeoutMs, signal });
    const isOther = (mount: { readonly target: string }): boolean => mount.target !== target;
    writeSpec(
      definition,
      withMounts(spec, {
        shares: withTags(spec.shares).filter(isOther),
        copies: spec.copies?.filter(isOther) ?? [],
        volumes: spec.volumes?.filter(isOther) ?? [],
        tmpfs: spec.tmpfs?.filter(isOther) ?? [],
      }),
    );
    return { target, takesEffect: stays ? 'next start' : 'now' };
  });
}

function requireMounted(spec: MachineSpec, target: string): void {
  const { shares, volumes, tmpfs } = mountSetOf(spec);
  const targets = [...shares, ...volumes, ...tmpfs].map((mount) => mount.target);
  if (targets.includes(target)) return;
  throw new InvalidInputError(
    'share',
    `machine "${spec.name}" has no directory, volume or tmpfs at ${target}`,
    {
      hint:
        targets.length === 0
          ? `to add a directory, run: vmlet share add ${spec.name} SRC:DST`
          : `choose one of: ${targets.join(', ')}`,
    },
  );
}

/** A directory, volume or tmpfs of a machine in its current state. */
export interface ListedShare extends Mount {
  /** Whether the running machine has it. */
  readonly live: boolean;
  /** It was removed from the machine, or replaced, and stays mounted until the machine stops. */
  readonly removed: boolean;
  /** Why the guest could not mount it; undefined when it did, or has not tried. */
  readonly problem: string | undefined;
}

/** Lists what a machine mounts, in its current state; last what it has only until it stops. */
export function listShares(definition: Definition): readonly ListedShare[] {
  const { spec, files } = definition;
  const status = readStatus(files);
  const failed = status.kind === 'running' ? status.failedMounts : [];
  const problemOf = ({ target }: Mount): string | undefined =>
    failed.find((mount) => mount.target === target)?.problem;
  const present = status.kind === 'running' ? mountsOf(findPlan(files) ?? {}) : [];
  const defined = mountsOf(spec);
  const removed = present.filter(
    (mount) =>
      // The files of a copy stay in any case.
      !mount.copy && problemOf(mount) === undefined && !defined.some((one) => isSameMount(one, mount)),
  );
  return [
    ...defined.map((mount) => {
      const isPresent = present.some((one) => isSameMount(one, mount));
      const problem = isPresent ? problemOf(mount) : undefined;
      return listed(mount, { live: isPresent && problem === undefined, removed: false, problem });
    }),
    ...removed.map((mount) => listed(mount, { live: true, removed: true, problem: undefined })),
  ];
}

function listed(
  { options: _options, ...mount }: ComparedMount,
  state: Pick<ListedShare, 'live' | 'removed' | 'problem'>,
): ListedShare {
  return { ...mount, ...state };
}
