import { NoSpaceError } from '../../errors/index.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import { MICRO } from '../../images/record/reference.ts';
import type { Machine } from '../../machine/running/machine.ts';
import type { NetworkPlan } from '../../network/plan/network.ts';
import type { Spec } from '../../machine/spec/spec.ts';
import { hasRoomForMemory } from '../../machine/paths/memory-file.ts';
import { Scope } from '../../util/scope.ts';
import { type Making, saveGuest } from '../save-guest.ts';
import { Template } from '../template.ts';
import { templateFiles } from '../template-files.ts';
import type { TemplatePlace } from '../template-shelf.ts';
import { OPT_OUT, allowsKeeping, forgetSecrets } from './fresh-system.ts';
import { type KeptRequest, attempt, forkFrom, mayBootInstead, mayReplace, renewalOf } from './fork-guest.ts';
import { type Resuming, type SavedGuest, saveAndResume } from './save-and-resume.ts';

/** Name of a guest while it boots; each fork gets its own. */
const NAME_AT_BOOT = 'vmlet';

/** @returns undefined where the guest cannot be kept, or another process is keeping it. */
export async function bootAndKeep(request: KeptRequest): Promise<Machine | undefined> {
  const { options, guests, key, limits } = request;
  const { log } = options;
  const obstacle = await findObstacle(request);
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
    const reason = whyNotKept(mayKeep, cloudInit);
    const isKept = reason === undefined;
    if (isKept) place.publish();
    const hold = (): Scope | undefined => (isKept ? guests.hold(key, template) : new Scope());
    const machine = await forkFrom(template, request, hold, cloudInit).catch((error: unknown) => {
      if (!mayReplace(error, request)) throw error;
      log?.debug({ err: error, kept: key }, 'the booted guest cannot be forked');
      guests.remove(key);
      return undefined;
    });
    if (!machine) return undefined;
    if (isKept) log?.debug({ kept: key }, 'kept the booted guest');
    else log?.debug({ reason }, 'the booted guest was not kept');
    await attempt('prune kept guests', options, async () => guests.prune(limits));
    return machine;
  });
}

/** @returns why the guest cannot be kept, after a prune. */
async function findObstacle({ options, spec, guests, limits }: KeptRequest): Promise<string | undefined> {
  const look = (): string | undefined => guests.obstacle(spec.memoryBytes, limits);
  if (look() === undefined) return undefined;
  // Only runs that keep or fork a guest prune otherwise: guests of an earlier release could take the space permanently.
  await attempt('prune kept guests', options, async () => guests.prune(limits));
  return look();
}

/**
 * Whether the machine that boots the guest can be the one that was asked for: nothing of this run can get into the guest
 * before it is saved, its card has the address of every boot, and its memory is where it may stay.
 */
function canResume({ spec, own, findings: { source, network, locations } }: KeptRequest): boolean {
  if (own) return false;
  const isQuiet = source.kind === 'disk' ? spec.ports.length === 0 : areQuiet(spec.ports, network);
  return isQuiet && spec.mac === undefined && hasRoomForMemory(locations, spec.memoryBytes);
}

/**
 * Whether forwards bring no data into a guest without servers. A datagram would be in its memory, and a connection in
 * slirp's saved state; passt sends the data of a connection only when a server of the guest has accepted it.
 */
function areQuiet(ports: Spec['ports'], network: NetworkPlan | undefined): boolean {
  return (
    ports.every(({ protocol }) => protocol === 'tcp') && (ports.length === 0 || network?.backend !== 'slirp')
  );
}

/**
 * Boots the guest and keeps it. Its machine then serves the request, which is faster than a fork.
 * @returns undefined where another boot may help.
 */
async function keepAndResume(request: KeptRequest, place: TemplatePlace): Promise<Machine | undefined> {
  const { options, spec, guests, key, limits } = request;
  const { log } = options;
  let hasBooted = false;
  let reason: string | undefined;
  const resuming: Resuming = {
    name: spec.name,
    launching: { ...options, pull: 'missing' },
    mayKeep: async (machine) => {
      hasBooted = true;
      reason = whyNotKept(await mayKeep(machine, request), machine.cloudInit);
      return reason === undefined;
    },
    onSaved: async (saved) => {
      if (saved === undefined) log?.debug({ reason }, 'the booted guest was not kept');
      else await publish(saved, request, place);
    },
    renew: renewalOf(request),
  };
  try {
    const machine = await saveAndResume(templateFiles(place.directory), makingOf(request), resuming);
    await attempt('prune kept guests', options, async () => guests.prune(limits));
    return machine;
  } catch (error) {
    if (!isEndOfBooted(error, hasBooted, request)) throw error;
    log?.debug({ err: error, kept: key }, 'the booted guest has ended');
    return undefined;
  }
}

async function publish(
  saved: NonNullable<SavedGuest>,
  { options, key }: KeptRequest,
  place: TemplatePlace,
): Promise<void> {
  const { log } = options;
  if (saved instanceof Error) return log?.debug({ err: saved }, 'the guest cannot be kept');
  await attempt('keep the booted guest', options, async () => {
    place.publish();
    log?.debug({ kept: key }, 'kept the booted guest');
    return Promise.resolve();
  });
}

/** Prepares a booted guest to be forked. @returns whether it may be kept. */
async function mayKeep(
  machine: Machine,
  { findings: { source }, options: { signal } }: KeptRequest,
): Promise<boolean> {
  if (source.kind === 'disk') return forgetSecrets(machine, signal);
  // vmlet's own initramfs has no such file.
  return !source.needsAgent || allowsKeeping(machine, signal);
}

function whyNotKept(mayKeep: boolean, cloudInit: CloudInitStatus | undefined): string | undefined {
  if (!mayKeep) return `the guest has the file ${OPT_OUT}`;
  // It may succeed the next time.
  return cloudInit?.state === 'failed' ? 'the first boot has failed' : undefined;
}

/** Whether another boot may help: a guest may need its disks to boot, as for a line of its fstab. */
function isEndOfBooted(error: unknown, hasBooted: boolean, { options, spec }: KeptRequest): boolean {
  const hasFailedToBoot = !hasBooted && spec.disks.length === 0 && !(error instanceof NoSpaceError);
  return !hasFailedToBoot && mayBootInstead(error, options);
}

/** @returns undefined where the guest has booted and cannot be saved. */
async function bootGuest(request: KeptRequest, directory: string) {
  const booted: { machine?: Machine; mayKeep: boolean } = { mayKeep: true };
  try {
    const record = await saveGuest(templateFiles(directory), {
      ...makingOf(request),
      prepare: async (machine) => {
        booted.machine = machine;
        booted.mayKeep = await mayKeep(machine, request);
      },
    });
    const { machine, mayKeep: isAllowed } = booted;
    const template = new Template(record, directory, request.findings.locations);
    return { cloudInit: machine?.cloudInit, mayKeep: isAllowed, template };
  } catch (error) {
    if (!isEndOfBooted(error, booted.machine !== undefined, request)) throw error;
    request.options.log?.debug({ err: error }, 'the guest cannot be kept');
    return undefined;
  }
}

/** The guest without all that its forks get. */
function makingOf({ options, spec, findings, key, networkCards }: KeptRequest): Making {
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
  // Until it has the host's system, the guest is one of micro.
  const isHost = spec.boot.kind === 'host';
  const boot = isHost ? ({ kind: 'image', image: MICRO } as const) : spec.boot;
  const image = isHost ? { image: MICRO, memory: spec.memoryBytes } : {};
  return {
    spec: { ...spec, boot, name: NAME_AT_BOOT, ports: [], sockets: [], mac: undefined, disks: [] },
    commands: [],
    prepare: undefined,
    networkCards,
    launching: { ...others, ...image, net, pull: 'missing' },
    locations,
    inputs: key,
    flushes: false,
  };
}
