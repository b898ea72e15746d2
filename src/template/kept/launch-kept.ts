import { GuestPlugError } from '../../errors/index.ts';
import { launchAt } from '../../machine/launch/launch.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { readKeptLimits } from '../../machine/settings/kept-limits.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import { type Spec, parseSpec } from '../../machine/spec/spec.ts';
import { survey } from '../../machine/survey/survey.ts';
import { bootAndKeep } from './boot-guest.ts';
import { type KeptRequest, attempt, forkFrom, mayReplace } from './fork-guest.ts';
import { keptKey, ownRelease } from './kept-key.ts';
import { KeptGuests } from './kept-guests.ts';
import { reasonToBoot } from './reason-to-boot.ts';

/** After this time Linux has written files to the disk by itself, and flushing them takes no time. */
const WRITTEN_BACK_MS = 60_000;

/**
 * Starts a machine from the kept guest that these options describe. Without one, boots that guest and keeps it;
 * the machine is the one that booted, or a fork. Boots as `launch` does where a guest cannot be kept.
 * @throws what `launch` throws.
 */
export async function launchKept(options: LaunchOptions, kept: 'use' | 'renew'): Promise<RunningMachine> {
  const spec = parseSpec(options);
  const { log } = options;
  const obstacle = reasonToBoot(spec, options);
  if (obstacle !== undefined) {
    log?.debug({ reason: obstacle }, 'booting, not from a kept guest');
    return launchAt({}, options);
  }
  const request = await requestKept(spec, options, kept);
  // The survey has pulled the image already.
  const boot = async (): Promise<RunningMachine> => launchAt({}, { ...options, pull: 'missing' });
  try {
    return (await forkOrKeep(request)) ?? (await boot());
  } catch (error) {
    // The kept guest still serves runs without disks.
    if (!(error instanceof GuestPlugError)) throw error;
    log?.debug({ err: error }, 'booting, because the guest takes no disks while it runs');
    return boot();
  }
}

/** Surveys the host, and with `renew` removes the kept guest. */
export async function requestKept(
  spec: Spec,
  options: LaunchOptions,
  kept: 'use' | 'renew',
  { networkCards = 0, own }: Partial<Pick<KeptRequest, 'networkCards' | 'own'>> = {},
): Promise<KeptRequest> {
  const locations = ownLocations();
  // A mistake there is reported before an image is pulled.
  const limits = await readKeptLimits(locations);
  const findings = await survey(spec, options, { locations, ownsMemory: true });
  const guests = new KeptGuests(locations);
  guests.requirePrivate();
  const key = keptKey(findings, await ownRelease(), networkCards);
  const request = { options, spec, findings, guests, limits, key, networkCards, own, kept };
  if (kept === 'renew') await removeKept(request);
  return request;
}

/**
 * Forks the kept guest, or boots one and keeps it; with `renew` it always boots.
 * @returns undefined where the guest cannot be kept, or another process is keeping it.
 */
export async function forkOrKeep(request: KeptRequest): Promise<Machine | undefined> {
  const machine = request.kept === 'use' ? await forkKept(request) : undefined;
  return machine ?? (await bootAndKeep(request));
}

/** @returns undefined where no kept guest can be forked. */
async function forkKept(request: KeptRequest): Promise<Machine | undefined> {
  const { guests, key, limits, options } = request;
  const template = guests.find(key, limits);
  if (!template) {
    // A damaged or old one takes space, also where no other can be kept.
    await removeKept(request);
    return undefined;
  }
  const ageMs = Date.now() - template.createdAt.getTime();
  try {
    const machine = await forkFrom(template, request, () => guests.hold(key, template));
    if (machine) options.log?.debug({ kept: key, ageMs }, 'forked a kept guest');
    if (machine && ageMs > WRITTEN_BACK_MS) {
      // Without it, the guest boots again after a reboot of the host.
      await attempt('flush the kept guest', options, async () => template.flush());
      await attempt('prune kept guests', options, async () => guests.pruneDaily(limits));
    }
    return machine;
  } catch (error) {
    if (!mayReplace(error, request)) throw error;
    options.log?.debug({ err: error, kept: key }, 'the kept guest cannot be forked');
    await removeKept(request);
    return undefined;
  }
}

/** The machine can boot without it, where the cache cannot be written. */
async function removeKept({
  guests,
  key,
  options,
}: Pick<KeptRequest, 'guests' | 'key' | 'options'>): Promise<void> {
  await attempt('remove the kept guest', options, async () => Promise.resolve(guests.remove(key)));
}
