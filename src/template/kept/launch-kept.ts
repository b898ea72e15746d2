import {
  CommandFailedError,
  GuestMountError,
  GuestPlugError,
  ImageLockedError,
  InvalidInputError,
  MissingProgramError,
  NoSpaceError,
  PortTakenError,
  SharesUnavailableError,
  VmletError,
  VolumeInUseError,
  isSystemError,
} from '../../errors/index.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import { ownCgroup } from '../../host/programs/cgroup-manager.ts';
import { launchAt } from '../../machine/launch/launch.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import { type Spec, parseSpec } from '../../machine/spec/spec.ts';
import { type Findings, survey } from '../../machine/survey/survey.ts';
import { withPortChoices } from '../../network/ports/port-choices.ts';
import { Scope } from '../../util/scope.ts';
import { type Making, saveAndResume, saveGuest } from '../save-guest.ts';
import { Template } from '../template.ts';
import { templateFiles } from '../template-files.ts';
import type { TemplatePlace } from '../template-shelf.ts';
import { forgetSecrets, renewSecrets } from './fresh-system.ts';
import { keptKey } from './kept-key.ts';
import { KeptGuests } from './kept-guests.ts';
import { reasonToBoot } from './reason-to-boot.ts';

/** Name of a guest while it boots; each fork gets its own. */
const NAME_AT_BOOT = 'vmlet';

/** After this time Linux has written files to the disk by itself, and flushing them takes no time. */
const WRITTEN_BACK_MS = 60_000;

interface Request {
  readonly options: LaunchOptions;
  readonly spec: Spec;
  readonly findings: Findings;
  readonly guests: KeptGuests;
  readonly key: string;
}

/**
 * Starts a machine from the kept guest that these options describe. Without one, boots that guest, keeps it and forks
 * it. Boots as `launch` does where a guest cannot be kept.
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
  const locations = ownLocations();
  const findings = await survey(spec, options, { locations, ownsMemory: true });
  const guests = new KeptGuests(locations);
  const request: Request = { options, spec, findings, guests, key: await keptKey(findings) };
  if (kept === 'renew') guests.remove(request.key);
  // The survey has pulled the image already.
  const boot = async (): Promise<RunningMachine> => launchAt({}, { ...options, pull: 'missing' });
  try {
    return (await forkKept(request)) ?? (await bootAndKeep(request)) ?? (await boot());
  } catch (error) {
    // The kept guest still serves runs without disks.
    if (!(error instanceof GuestPlugError)) throw error;
    log?.debug({ err: error }, 'booting, because the guest takes no disks while it runs');
    return boot();
  }
}

/** @returns undefined where no kept guest can be forked. */
async function forkKept(request: Request): Promise<Machine | undefined> {
  const { guests, key, options } = request;
  const template = guests.find(key);
  if (!template) return undefined;
  const ageMs = Date.now() - template.createdAt.getTime();
  try {
    const machine = await forkFrom(template, request, () => guests.hold(key, template));
    if (machine) options.log?.debug({ kept: key, ageMs }, 'forked a kept guest');
    if (machine && ageMs > WRITTEN_BACK_MS) {
      // Without it, the guest boots again after a reboot of the host.
      await attempt('flush the kept guest', options, async () => template.flush());
    }
    return machine;
  } catch (error) {
    if (!mayBootInstead(error, options)) throw error;
    options.log?.debug({ err: error, kept: key }, 'the kept guest cannot be forked');
    guests.remove(key);
    return undefined;
  }
}

const REPEATABLE = [
  CommandFailedError,
  GuestMountError,
  GuestPlugError,
  ImageLockedError,
  InvalidInputError,
  MissingProgramError,
  PortTakenError,
  SharesUnavailableError,
  VolumeInUseError,
] as const;

/** Another boot would fail in the same way where the request is wrong, or the host or the guest lacks something. */
function mayBootInstead(error: unknown, { signal }: LaunchOptions): boolean {
  if (signal?.aborted === true || !(error instanceof VmletError || isSystemError(error))) return false;
  return !REPEATABLE.some((kind) => error instanceof kind);
}

/** Work on the cache, on which the machine that runs already does not depend. */
async function attempt(what: string, { log }: LaunchOptions, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VmletError || isSystemError(error))) throw error;
    log?.debug({ err: error }, `cannot ${what}`);
  }
}

/** @returns undefined where the guest cannot be kept, or another process is keeping it. */
async function bootAndKeep(request: Request): Promise<Machine | undefined> {
  const { options, spec, guests, key } = request;
  const { log } = options;
  const obstacle = guests.obstacle(spec.memoryBytes);
  if (obstacle !== undefined) {
    log?.debug({ reason: obstacle }, 'booting a guest that will not be kept');
    return undefined;
  }
  return guests.create(key, async (place) => {
    log?.debug({ kept: key }, 'booting a guest to keep');
    if (canResume(request)) return keepAndResume(request, place);
    const booted = await bootGuest(request, place.directory);
    if (!booted) return undefined;
    const { cloudInit, template, mayKeep } = booted;
    // A failed first boot may succeed the next time.
    const isKept = mayKeep && cloudInit?.state !== 'failed';
    if (isKept) place.publish();
    const hold = (): Scope | undefined => (isKept ? guests.hold(key, template) : new Scope());
    const machine = await forkFrom(template, request, hold, cloudInit).catch((error: unknown) => {
      if (!mayBootInstead(error, options)) throw error;
      log?.debug({ err: error, kept: key }, 'the booted guest cannot be forked');
      guests.remove(key);
      return undefined;
    });
    if (!machine) return undefined;
    if (isKept) log?.debug({ kept: key }, 'kept the booted guest');
    else log?.debug({ cloudInit, mayKeep }, 'the booted guest was not kept');
    await attempt('prune kept guests', options, async () => guests.prune());
    return machine;
  });
}

/**
 * Whether the machine that boots the guest can be the one that was asked for: it has nothing that only a fork gets, and
 * there is space for its memory beside the copy that is kept.
 */
function canResume({ spec, findings, guests }: Request): boolean {
  const { ports, sockets, mac, disks, shares, volumes, tmpfs, memoryBytes } = spec;
  const hasExtras = [ports, sockets, disks, shares, volumes, tmpfs].some(({ length }) => length > 0);
  return (
    !hasExtras &&
    mac === undefined &&
    findings.source.kind === 'kernel' &&
    guests.obstacle(2 * memoryBytes) === undefined
  );
}

/** Boots the guest and keeps it. Its machine then serves the request, which is faster than a fork. */
async function keepAndResume(request: Request, place: TemplatePlace): Promise<Machine> {
  const { options, spec, guests, key } = request;
  const making = { ...makingOf(request), spec, nameAtBoot: NAME_AT_BOOT };
  const { machine, saved } = await saveAndResume(templateFiles(place.directory), making);
  if (saved instanceof Error) {
    options.log?.debug({ err: saved }, 'the guest cannot be kept');
    return machine;
  }
  place.publish();
  options.log?.debug({ kept: key }, 'kept the booted guest');
  await attempt('prune kept guests', options, async () => guests.prune());
  return machine;
}

/** @returns undefined where the guest has booted and cannot be saved. */
async function bootGuest(request: Request, directory: string) {
  const { options, spec, findings } = request;
  const { locations, source } = findings;
  const booted: { machine?: Machine; mayKeep: boolean } = { mayKeep: true };
  try {
    const record = await saveGuest(templateFiles(directory), {
      ...makingOf(request),
      prepare: async (machine) => {
        booted.machine = machine;
        if (source.kind === 'disk') booted.mayKeep = await forgetSecrets(machine, options.signal);
      },
    });
    const { machine, mayKeep } = booted;
    return { cloudInit: machine?.cloudInit, mayKeep, template: new Template(record, directory, locations) };
  } catch (error) {
    // A guest may need its disks to boot, as for a line of its fstab.
    const hasFailedToBoot = !booted.machine && spec.disks.length === 0 && !(error instanceof NoSpaceError);
    if (hasFailedToBoot || !mayBootInstead(error, options)) throw error;
    options.log?.debug({ err: error }, 'the guest cannot be kept');
    return undefined;
  }
}

/** The guest without all that its forks get. */
function makingOf({ options, spec, findings, key }: Request): Making {
  const {
    name: _name,
    ports: _ports,
    mac: _mac,
    networks: _networks,
    volumes: _volumes,
    mounts: _mounts,
    disks: _disks,
    until: _until,
    kept: _kept,
    ...others
  } = options;
  const { locations, network } = findings;
  const net = network === undefined ? 'none' : network.backend === 'slirp' ? 'slirp' : 'passt';
  return {
    spec: { ...spec, name: NAME_AT_BOOT, ports: [], sockets: [], mac: undefined, disks: [] },
    commands: [],
    prepare: undefined,
    networkCards: 0,
    launching: { ...others, net, pull: 'missing' },
    locations,
    inputs: key,
    flushes: false,
  };
}

/** @param hold keeps the files of the template in place; undefined when they have just been removed. */
async function forkFrom(
  template: Template,
  { options, spec, findings }: Request,
  hold: () => Scope | undefined,
  cloudInit?: CloudInitStatus,
): Promise<Machine | undefined> {
  const { signal, log, ports = [], volumes = [], mounts = [] } = options;
  const { timeoutMs = bootTimeoutMs('kernel', findings.accelerator) } = spec;
  const isSystem = findings.source.kind === 'disk';
  return withPortChoices(log, async () => {
    const scope = hold();
    if (!scope) return undefined;
    const pending = await template.prepare(
      {
        name: spec.name,
        ports,
        volumes,
        mounts,
        mac: spec.mac,
        ...(signal && { signal }),
        ...(log && { log }),
      },
      { scope, limits: { cgroup: ownCgroup(spec.limits, spec.name) }, disks: findings.spec.disks },
    );
    return pending.run({
      signal,
      log,
      timeoutMs,
      cloudInit,
      origin: 'kept',
      renew: async (agent) => {
        if (isSystem) await renewSecrets(agent, { awaitsServers: spec.ports.length > 0 });
      },
    });
  });
}
