import { existsSync } from 'node:fs';
import {
  GuestClosedError,
  INSTALL_AGENT,
  MachineStateError,
  QmpClosedError,
  TimedOutError,
} from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { type LoggedEvent, readEvents } from '../../machine/life/event-log.ts';
import { describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import type { TrustedChannel } from '../../guest/ssh/ssh-provision.ts';
import { GuestAgentClient, guestExec } from '../../qmp/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { attachAgent } from './attach-agent.ts';
import type { Definition } from '../record/definition.ts';
import { CHARDEVS, type GuestPorts } from '../../machine/qemu/guest-ports.ts';
import { tellNames } from '../../machine/network/network-names.ts';
import { guestTime } from '../../machine/spec/guest-time.ts';
import { networksOfMachine } from '../../network/private/members.ts';
import { placesOf } from '../record/network-members.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { leadsToSsh } from '../spec/forwards.ts';
import { qgaOpenedAt, readGuestPorts } from './read-guest-ports.ts';
import { type RunningStatus, isPaused, readStatus, notRunning } from '../record/machine-status.ts';
import { isAlive } from '../../process/procfs/identity.ts';
import { pause } from '../../util/time/pause.ts';
import { poll } from '../../util/time/poll.ts';
import { isRestoring } from '../recovery/interrupted-restore.ts';
import { endedMeanwhile, hasEnded } from './ended.ts';

/** A guest writes its hosts file in milliseconds; a hostile one may never end. */
const NAMES_MS = 5000;

/** A connection to vmlet's agent: streams, terminals and files. */
export interface VmletChannel extends TrustedChannel, AsyncDisposable {
  readonly kind: 'vmlet';
  readonly agent: GuestAgent;
}

/** A connection to QEMU's guest agent: runs programs to completion and returns their output. */
export interface QgaChannel extends TrustedChannel, AsyncDisposable {
  readonly kind: 'qga';
  readonly client: GuestAgentClient;
}

/** A connection into a guest that does not use its network. */
export type GuestChannel = VmletChannel | QgaChannel;

const LOOK_EVERY_MS = 200;
/** A start leaves the machine paused for less. */
const BRIEF_PAUSE_MS = 2000;
/** Time for a QEMU that has closed its connections to exit. */
const QEMU_END_MS = 500;
const KEEPER_END_MS = 5000;
const LOOK_FAST_MS = 10;
/** When QEMU's agent opens its port first, vmlet's agent may follow within this time with KVM. */
const PREFERENCE_MS = 1000;

/**
 * Connects to an agent in the guest, preferring vmlet's, and waits until one is up and answers.
 * @throws MachineStateError when the machine is not running, ends, or stays paused; TimedOutError, which says what is
 *   missing; or the signal's reason.
 */
export async function openGuestChannel(
  definition: Definition,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<GuestChannel> {
  const deadline = performance.now() + timeoutMs;
  let vmletAwaited: number | undefined;
  for (;;) {
    await awaitResume(definition, deadline, signal);
    const ports = await readGuestPorts(definition, { signal });
    const now = performance.now();
    if (ports.qga.open && !ports.vmlet.open) vmletAwaited ??= await awaitsVmletUntil(definition, timeoutMs);
    const useQga = !ports.vmlet.open && vmletAwaited !== undefined && performance.now() >= vmletAwaited;
    if (ports.vmlet.open || useQga) {
      return await connect(definition, ports, { timeoutMs: Math.max(Math.ceil(deadline - now), 1), signal });
    }
    if (now >= deadline) throw noAgent(definition, timeoutMs);
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** Returns when, by `performance.now()`, the time ends in which vmlet's agent may follow QEMU's. */
async function awaitsVmletUntil(definition: Definition, timeoutMs: number): Promise<number> {
  const patience = Math.min(guestTime(PREFERENCE_MS, readPlan(definition.files).accelerator), timeoutMs / 2);
  const age = Date.now() - ((await qgaOpenedAt(definition)) ?? Date.now());
  // The host's clock may have been set back since.
  return performance.now() + patience - Math.max(age, 0);
}

/** @throws MachineStateError when the machine stays paused: its agents cannot answer before the user resumes it. */
async function awaitResume(
  { spec: { name }, files }: Definition,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // A save or restore by another command also pauses it, and ends that itself.
  const awaitsUser = (): boolean =>
    isPaused(readStatus(files)) && !existsSync(files.savedStateNote) && !isRestoring(files);
  const timeoutMs = Math.min(BRIEF_PAUSE_MS, deadline - performance.now());
  if (await poll(() => !awaitsUser(), { everyMs: LOOK_EVERY_MS, timeoutMs, signal })) return;
  throw paused(name);
}

function paused(name: string): MachineStateError {
  return new MachineStateError(name, 'paused', 'is paused', {
    hint: `resume it first: vmlet resume ${name}`,
  });
}

/** Like `openGuestChannel`, but returns undefined when no agent is up. Waits only for an agent's answer. */
export async function findGuestChannel(
  definition: Definition,
  limits: Limits & { readonly timeoutMs: number },
): Promise<GuestChannel | undefined> {
  const ports = await readGuestPorts(definition, limits);
  return ports.vmlet.open || ports.qga.open ? connect(definition, ports, limits) : undefined;
}

/** The same for vmlet's agent alone: QEMU's has a socket for one client, which others may need. */
export async function findVmletChannel(
  definition: Definition,
  limits: Limits & { readonly timeoutMs: number },
): Promise<VmletChannel | undefined> {
  const ports = await readGuestPorts(definition, limits);
  const channel = ports.vmlet.open ? await connect(definition, ports, limits) : undefined;
  return channel?.kind === 'vmlet' ? channel : undefined;
}

async function connect(definition: Definition, ports: GuestPorts, limits: Limits): Promise<GuestChannel> {
  requireSpace(definition);
  const channel = await attach(definition, ports, limits);
  if (channel.kind === 'qga') return channel;
  const told = withinLimits(
    'waiting for the guest to update /etc/hosts',
    updateNames(definition, channel.agent),
    { timeoutMs: NAMES_MS, signal: limits.signal },
  );
  await told.catch(async (error: unknown) => {
    await channel.agent.close();
    throw explainClosed(error, definition);
  });
  return channel;
}

async function attach(definition: Definition, ports: GuestPorts, limits: Limits): Promise<GuestChannel> {
  try {
    if (!ports.vmlet.open) return await connectQga(definition, limits);
    return await connectVmlet(definition, limits);
  } catch (error) {
    const explained = explainClosed(error, definition);
    throw explained instanceof TimedOutError
      ? await explainTimeOut(explained, definition, limits)
      : explained;
  }
}

/** The guest, or its agent, may end while vmlet connects to it. */
function explainClosed(error: unknown, { spec: { name }, files }: Definition): unknown {
  const status = readStatus(files);
  if (status.kind !== 'running') return notRunning(name, status.kind);
  if (!(error instanceof GuestClosedError || error instanceof QmpClosedError)) return error;
  return new MachineStateError(name, status.state, 'is running, but its agent closed the connection', {
    hint: 'try again: the guest may be booting or shutting down, or its agent may have restarted',
    cause: error,
  });
}

/** Throws when the guest is paused for lack of space: its agents cannot answer before the user resumes it. */
function requireSpace({ spec: { name }, files }: Definition): void {
  const status = readStatus(files);
  if (status.kind !== 'running' || !status.outOfSpace) return;
  throw new MachineStateError(name, status.state, `is paused: ${describeOutOfSpace(status.outOfSpace)}`, {
    hint: `free some space, then run: vmlet resume ${name}`,
  });
}

async function connectVmlet(definition: Definition, limits: Limits): Promise<VmletChannel> {
  const status = readStatus(definition.files);
  const agent = await attachAgent(definition, {
    ...limits,
    explainLoss: async (loss) =>
      status.kind === 'running' && (await endsWithQemu(status))
        ? endedMeanwhile(definition, loss)
        : explainLoss(loss, definition),
  });
  return {
    kind: 'vmlet',
    agent,
    exec: (argv, options) => agent.exec(argv, options),
    [Symbol.asyncDispose]: async () => agent.close(),
  };
}

/** A machine that was never in a network has no names of ours. */
async function updateNames({ spec, files }: Definition, agent: GuestAgent): Promise<void> {
  if (spec.networks === undefined) return;
  const places = placesOf(files);
  // It may have been connected to another one since.
  await tellNames(agent, places, networksOfMachine(places, spec.name));
}

/** The keeper closes the connection when QEMU does, and exits after its helpers. */
async function endsWithQemu({ qemu, keeper }: RunningStatus): Promise<boolean> {
  if (!qemu || !(await poll(() => !isAlive(qemu), { everyMs: LOOK_FAST_MS, timeoutMs: QEMU_END_MS })))
    return false;
  return hasEnded({ keeper }, KEEPER_END_MS, undefined);
}

/** The keeper also closes the connection when the agent closes its port. */
async function explainLoss(loss: GuestClosedError, { spec, files }: Definition): Promise<Error> {
  let last: LoggedEvent | undefined;
  for await (const event of readEvents(files.events)) {
    const ofPort = event.event === 'VSERPORT_CHANGE' && event.data?.['id'] === CHARDEVS.vmlet;
    if (ofPort || event.event === 'SHUTDOWN') last = event;
  }
  if (last?.data?.['open'] !== false) return loss;
  return new GuestClosedError(
    `the vmlet agent in machine "${spec.name}" exited, or the machine is rebooting`,
    {
      hint: `wait for the agent (vmlet wait ${spec.name} --for agent), then check what the interrupted command has done`,
      cause: loss,
    },
  );
}

async function connectQga({ files }: Definition, limits: Limits): Promise<QgaChannel> {
  const client = await GuestAgentClient.connect(files.guestAgentSocket, limits);
  return {
    kind: 'qga',
    client,
    exec: async (argv, options) => guestExec(client, argv, options),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

async function explainTimeOut(
  error: TimedOutError,
  definition: Definition,
  { timeoutMs = error.timeoutMs, signal }: Limits,
): Promise<Error> {
  const { name } = definition.spec;
  if (isPaused(readStatus(definition.files))) return paused(name);
  const ports = await readGuestPorts(definition, { signal });
  const ssh = adviseForSsh(definition);
  return new TimedOutError(`waiting for the agent of machine "${name}"`, timeoutMs, {
    hint:
      !ports.vmlet.open && ports.qga.taken
        ? "another program, such as vmlet exec or vmlet cp, is using QEMU's guest agent; try again when this program has finished"
        : `the agent has started, but does not answer: the guest may hang or be paused; to see the state of the machine, run: vmlet inspect ${name}${ssh ? `; ${ssh}` : ''}`,
    cause: error,
  });
}

function noAgent(definition: Definition, timeoutMs: number): TimedOutError {
  const { name } = definition.spec;
  const ssh = adviseForSsh(definition);
  return new TimedOutError(`waiting for an agent in machine "${name}"`, timeoutMs, {
    hint:
      `wait until the guest has booted; if it has no agent, ${INSTALL_AGENT}, or the package qemu-guest-agent, ` +
      (ssh ? `or use vmlet console; ${ssh}` : 'or use vmlet ssh or vmlet console'),
  });
}

/** Returns advice for a guest whose ssh server only an agent could reach; undefined for others. */
function adviseForSsh({ spec, files }: Definition): string | undefined {
  const plan = readPlan(files);
  const canForward = plan.network !== undefined && !leadsToSsh(plan);
  return canForward ? `for ssh without an agent, forward a port: vmlet port add ${spec.name} 22` : undefined;
}
