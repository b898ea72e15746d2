import { PortTakenError } from '../errors.ts';
import { GuestAgent } from '../guest/agent.ts';
import { chooseHostPorts } from '../passt/host-port.ts';
import { QmpClient } from '../qmp/index.ts';
import { withinLimits } from '../util/deadline.ts';
import { Scope } from '../util/scope.ts';
import { awaitBootCompletion } from './boot-completion.ts';
import { configureGuest } from './configure-guest.ts';
import { GuestConsole } from './console.ts';
import {
  AGENT_DESCRIPTOR,
  CONSOLE_DESCRIPTOR,
  MONITOR_DESCRIPTOR,
  NETWORK_DESCRIPTOR,
} from './descriptors.ts';
import { machineDirectory } from './directory.ts';
import { type StartedParts, endOfDying, explainLaunchFailure } from './launch-failure.ts';
import { Life } from './life.ts';
import type { Locations } from './locations.ts';
import { Machine } from './machine.ts';
import { type Plan, planMachine } from './plan.ts';
import { prepareFiles } from './prepare.ts';
import { type MachineParts, RunningMachine } from './running-machine.ts';
import { claimDirectory, sweepDeadOwners } from './runtime-directory.ts';
import { type LaunchOptions, type Spec, parseSpec } from './spec.ts';
import { type StartedProcesses, startProcesses } from './start.ts';
import { type Findings, survey } from './survey.ts';

/** A port that we chose can be taken by another process before passt has it; then others are chosen. */
const PORT_CHOICES = 3;

/**
 * Boots a virtual machine and returns when it is ready, see `until`.
 *
 * The machine ends with the thread that called this, however that ends. On any failure everything that was
 * started is undone before the promise rejects.
 *
 * @throws InvalidInputError, PortTakenError, MissingProgramError, AcceleratorUnavailableError, ImageNotFoundError,
 *   ImageBuildError, NoSpaceError, LaunchError with the last lines of QEMU and of the guest's console, or the
 *   signal's reason.
 */
export async function launch(options: LaunchOptions & { readonly until: 'running' }): Promise<RunningMachine>;
export async function launch(options?: LaunchOptions): Promise<Machine>;
export async function launch(options: LaunchOptions = {}): Promise<RunningMachine> {
  return launchAt({}, options);
}

/** Where a machine finds and keeps things. */
export interface LaunchPlaces {
  /** Those of this process's environment by default. */
  readonly locations?: Locations;
  /** An empty directory for its disks, which are the caller's when it has ended; by default they go with it. */
  readonly storage?: string;
}

/** The same for what is made of the machine afterwards. */
export async function launchAt(
  places: LaunchPlaces,
  options: LaunchOptions & { readonly until: 'running' },
): Promise<RunningMachine>;
export async function launchAt(places: LaunchPlaces, options: LaunchOptions): Promise<Machine>;
export async function launchAt(places: LaunchPlaces, options: LaunchOptions): Promise<RunningMachine> {
  const spec = parseSpec(options);
  const { log, signal } = options;
  signal?.throwIfAborted();
  const findings = await survey(spec, options, { locations: places.locations });
  log?.debug('found what the machine is made of');
  for (let choice = 1; ; choice++) {
    try {
      return await bringUp(spec, findings, places.storage, options);
    } catch (error) {
      const another = error instanceof PortTakenError && error.ephemeral && choice < PORT_CHOICES;
      if (!another) throw error;
      log?.debug({ err: error }, 'a chosen port was taken; choosing again');
    }
  }
}

async function bringUp(
  spec: Spec,
  findings: Findings,
  storage: string | undefined,
  options: LaunchOptions,
): Promise<RunningMachine> {
  const scope = new Scope();
  const started: StartedParts = { unknownDisk: isUnknownDisk(findings) };
  try {
    const plan = await planHere(findings, storage, scope, options.signal);
    const guest = findings.source.kind === 'disk' ? findings.source.image?.guest : undefined;
    await prepareFiles(plan, { seed: spec.seed, guest }, { signal: options.signal });
    const processes = await startProcesses(plan, findings.host, scope, options.log);
    const ready = becomeReady(plan, processes, spec, options, started, scope);
    const what = spec.until === 'guest' ? 'booting the guest' : 'starting the machine';
    return await withinLimits(what, ready, { timeoutMs: spec.timeoutMs, signal: options.signal });
  } catch (error) {
    const explanation = await explainLaunchFailure(error, started);
    await scope.close();
    throw explanation;
  }
}

function isUnknownDisk({ source, hasSeed }: Findings): boolean {
  return source.kind === 'disk' && !source.image && !hasSeed;
}

async function planHere(
  findings: Findings,
  storage: string | undefined,
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<Plan> {
  const { locations, network } = findings;
  sweepDeadOwners(locations.runtime);
  sweepDeadOwners(locations.scratch);
  const directory = machineDirectory(
    claimDirectory(locations.runtime, scope),
    storage ?? claimDirectory(locations.scratch, scope),
  );
  return planMachine({
    ...findings,
    network: network && { ...network, forwards: await chooseHostPorts(network.forwards, signal) },
    directory,
    wiring: {
      monitor: { kind: 'inherited', descriptor: MONITOR_DESCRIPTOR },
      agent: { kind: 'inherited', descriptor: AGENT_DESCRIPTOR },
      console: { kind: 'inherited', descriptor: CONSOLE_DESCRIPTOR },
      network: { descriptor: NETWORK_DESCRIPTOR },
    },
    startPaused: true,
  });
}

async function becomeReady(
  plan: Plan,
  processes: StartedProcesses,
  spec: Spec,
  options: LaunchOptions,
  started: StartedParts,
  scope: Scope,
): Promise<RunningMachine> {
  const { qemu, network } = processes;
  const networkReady = network?.ready ?? Promise.resolve();
  const connection = (descriptor: number) => {
    const socket = qemu.connections.get(descriptor);
    if (!socket) throw new TypeError(`QEMU was started without descriptor ${descriptor}`);
    return socket;
  };
  const life = new Life(qemu);
  const console = new GuestConsole(connection(CONSOLE_DESCRIPTOR), life.failure, options.console);
  Object.assign(started, { life, console, network, plan });

  const negotiation = QmpClient.negotiate(connection(MONITOR_DESCRIPTOR), {
    processExit: qemu.exited.then((status) => ({ status, stderr: life.lastWords })),
    signal: options.signal,
  });
  // What keeps the network from coming up also keeps QEMU waiting for it, and is the better explanation.
  const qmp = await Promise.race([negotiation, networkReady.then(async () => negotiation), life.failure]);
  scope.defer(async () => qmp.close());
  const { log } = options;
  log?.debug('QEMU speaks QMP');
  life.follow(qmp);
  await Promise.race([qmp.execute('cont'), life.failure]);
  await Promise.race([networkReady, life.failure]);
  log?.debug('the guest runs');

  const parts: MachineParts = { plan, life, qmp, console, network, scope };
  if (spec.until === 'running') return new RunningMachine(parts, options);

  const agent = await Promise.race([
    GuestAgent.attach(connection(AGENT_DESCRIPTOR), {
      signal: options.signal,
      explainLoss: async (loss) => (await endOfDying(life)) ?? loss,
    }),
    life.failure,
  ]);
  scope.defer(async () => agent.close(life.end));
  log?.debug({ guestMs: agent.hello.uptimeMs }, 'the agent answers');
  await Promise.race([configureGuest(agent, plan, log), life.failure]);
  log?.debug('the guest is configured');
  const cloudInit =
    plan.boot.kind === 'disk'
      ? await Promise.race([awaitBootCompletion(agent, options.onBoot), life.failure])
      : undefined;
  return new Machine(parts, agent, { ...options, cloudInit });
}
