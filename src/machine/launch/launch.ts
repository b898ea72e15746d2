import { freeSocketPath } from '../../network/ports/free-socket-path.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { EMBEDDED_WIRING, claimMachineDirectory } from '../qemu/embedded-machine.ts';
import { type StartedParts, undoLaunch } from '../life/launch-failure.ts';
import type { Host } from '../../host/survey/host.ts';
import { machineDirectory } from '../paths/directory.ts';
import type { Locations } from '../paths/locations.ts';
import type { Machine } from '../running/machine.ts';
import { connectCards, spareCardMac, attachNetworks } from './join-networks.ts';
import type { Attachment } from '../network/network-place.ts';
import type { Plan } from '../plan/plan.ts';
import { type PlanInputs, planMachine } from '../survey/plan-machine.ts';
import { withoutHostSystem } from '../survey/boot-source.ts';
import { withPlugged } from '../survey/plan-plugged.ts';
import { prepareFiles } from './prepare.ts';
import { type BareGuest, type BootOptions, reachBareGuest, reachGuest } from './reach-guest.ts';
import { RunningMachine } from '../running/running-machine.ts';
import type { LaunchOptions } from '../spec/launch-options.ts';
import { bootTimeoutMs } from '../spec/guest-time.ts';
import { parseSpec } from '../spec/spec.ts';
import { withPortChoices } from '../../network/ports/port-choices.ts';
import { type StartedMachine, runProcessors, startMachine } from './started-machine.ts';
import { type Findings, survey } from '../survey/survey.ts';
import { openVolumes } from '../volume/open-volume.ts';

/** Directories and files of a machine. */
export interface LaunchPlaces {
  /** Derived from this process's environment by default. */
  readonly locations?: Locations;
  /**
   * An empty directory for the disks, which then belong to the caller; by default they are removed with the
   * machine.
   */
  readonly storage?: string;
  /** A file that holds the machine's memory, so that machines can be forked from it. */
  readonly memoryFile?: string | undefined;
  /** Number of spare network cards, for the private networks of forks. */
  readonly spareCards?: number;
}

/**
 * Boots a virtual machine and resolves when it is ready, see `until`. On failure, everything that was started is cleaned
 * up before the promise rejects.
 * @throws what the public `launch` throws.
 */
export async function launchAt(
  places: LaunchPlaces,
  options: LaunchOptions & { readonly until: 'running' },
): Promise<RunningMachine>;
export async function launchAt(places: LaunchPlaces, options: LaunchOptions): Promise<Machine>;
export async function launchAt(places: LaunchPlaces, options: LaunchOptions): Promise<RunningMachine> {
  return launchBy(places, options, {
    planFrom: planMachine,
    complete: async ({ started, inputs: { spec }, options: booting }) => {
      if (spec.until === 'guest') return reachGuest(started, booting);
      await Promise.all(started.attachments.map(async (attachment) => attachment.introduce(undefined)));
      return new RunningMachine(started, booting);
    },
  });
}

/** A machine whose guest has booted and can be saved for forks. */
export interface BareMachine extends BareGuest {
  /** The plan to save: without the name, the forwards and what `furnish` adds, and with copies of its files. */
  readonly saved: Plan;
}

/** A guest to be saved. */
export interface BareLaunch extends Pick<LaunchPlaces, 'locations' | 'spareCards'> {
  /** Creates the file for its memory, which the scope of the machine removes. */
  readonly claimMemory: (scope: Scope) => Promise<string>;
  /** Its host name while it boots. */
  readonly hostname: string;
  /** The directory for the copies of its files. */
  readonly savedStorage: string;
}

/**
 * Boots a guest to be saved for forks: its machine gets extra disks, directories, volumes, copies and sockets only from
 * `furnish`.
 * @throws what `launch` throws.
 */
export async function launchBare(
  { savedStorage, claimMemory, hostname, ...places }: BareLaunch,
  options: LaunchOptions,
): Promise<BareMachine> {
  return launchBy(places, options, {
    claimMemory,
    hostname,
    planFrom: planWithPlugged,
    complete: async ({ started, inputs, options: booting }) => ({
      ...(await reachBareGuest(started, booting)),
      saved: planSaved(inputs, hostname, savedStorage),
    }),
  });
}

/** A machine whose processors run. */
interface Begun {
  readonly started: StartedMachine;
  readonly inputs: PlanInputs;
  readonly options: BootOptions;
}

interface Launching<Result> extends Partial<Pick<BareLaunch, 'claimMemory' | 'hostname'>> {
  readonly planFrom: (inputs: PlanInputs) => Plan;
  /** Waits until the machine is ready. */
  readonly complete: (begun: Begun) => Promise<Result>;
}

async function launchBy<Result>(
  places: LaunchPlaces,
  options: LaunchOptions,
  launching: Launching<Result>,
): Promise<Result> {
  const spec = parseSpec(options);
  const { log, signal } = options;
  signal?.throwIfAborted();
  // A boot would be lost.
  for (const { path } of spec.sockets) await freeSocketPath(path, signal);
  const findings = await survey(spec, options, {
    locations: places.locations,
    ownsMemory: places.memoryFile !== undefined || launching.claimMemory !== undefined || spec.faults,
  });
  log?.debug('surveyed the host and the boot source');
  return withPortChoices(log, async () => bringUp(findings, places, options, launching));
}

async function bringUp<Result>(
  findings: Findings,
  places: LaunchPlaces,
  options: LaunchOptions,
  { planFrom, complete, claimMemory, hostname }: Launching<Result>,
): Promise<Result> {
  const { spec, source } = findings;
  const scope = new Scope();
  const started: StartedParts = { scope, unknownDisk: isUnknownDisk(findings) };
  try {
    const joining = {
      locations: findings.locations,
      signal: options.signal,
      isOwnName: options.name !== undefined,
      firstMac: findings.network?.guest.mac,
    };
    const attachments = await attachNetworks(spec.networks, joining, scope);
    const memoryFile = (await claimMemory?.(scope)) ?? places.memoryFile;
    const own = { ...places, memoryFile };
    const inputs = await planInputs(findings, own, attachments, scope, options.signal);
    const plan = planFrom(inputs);
    const guest = source.kind === 'disk' ? source.image?.guest : undefined;
    await openVolumes(findings.locations, spec.volumes, scope, options.signal);
    await prepareFiles(plan, { seed: spec.seed, guest, hostname }, { signal: options.signal });
    const booting = {
      ...options,
      hostname,
      copies: spec.copies,
      sockets: spec.sockets,
    };
    const ready = begin(plan, findings.host, attachments, booting, started).then(async (machine) =>
      complete({ started: machine, inputs, options: booting }),
    );
    const what = spec.until === 'guest' ? 'booting the guest' : 'starting the machine';
    const { timeoutMs = bootTimeoutMs(source.kind, plan.accelerator) } = spec;
    return await withinLimits(what, ready, { timeoutMs, signal: options.signal });
  } catch (error) {
    throw await undoLaunch(error, started);
  }
}

function isUnknownDisk({ source, hasSeed }: Findings): boolean {
  return source.kind === 'disk' && !source.image && !hasSeed;
}

async function planInputs(
  findings: Findings,
  { storage, memoryFile, spareCards = 0 }: LaunchPlaces,
  attachments: readonly Attachment[],
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<PlanInputs> {
  const { network } = findings;
  return {
    ...findings,
    network: network && { ...network, forwards: await chooseHostPorts(network.forwards, signal) },
    directory: claimMachineDirectory(findings.locations, scope, storage),
    wiring: EMBEDDED_WIRING,
    startPaused: true,
    cards: [
      ...attachments.map(({ mac }) => mac),
      ...Array.from({ length: spareCards }, (_, index) => spareCardMac(index)),
    ],
    memoryFile,
  };
}

/** The guest as it boots: devices and mounts of this machine alone are added later. */
function planBare({ spec, source, ...inputs }: PlanInputs): Plan {
  const bare = { ...spec, disks: [], shares: [], volumes: [], tmpfs: [] };
  return planMachine({ ...inputs, source: withoutHostSystem(source), spec: bare });
}

function planWithPlugged(inputs: PlanInputs): Plan {
  const { spec, host } = inputs;
  return withPlugged(planBare(inputs), { disks: spec.disks, mounts: spec, emptyPorts: 0 }, host);
}

function planSaved(inputs: PlanInputs, hostname: string, storage: string): Plan {
  const directory = machineDirectory(inputs.directory.sockets, storage);
  const { network, guest, ...plan } = planBare({ ...inputs, directory });
  return {
    ...plan,
    name: hostname,
    cgroup: undefined,
    network: network && { ...network, forwards: [] },
    guest: { ...guest, hostname, directory: undefined },
  };
}

/** Starts the machine and its processors. */
async function begin(
  plan: Plan,
  host: Host,
  attachments: readonly Attachment[],
  options: BootOptions,
  started: StartedParts,
): Promise<StartedMachine> {
  const machine = await connectCards(await startMachine(plan, host, options, started), attachments);
  await runProcessors(machine);
  options.log?.debug('the guest is running');
  return machine;
}
