import { existsSync } from 'node:fs';
import {
  InvalidInputError,
  MachineStateError,
  NetworkStartError,
  TimedOutError,
} from '../../errors/index.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { type BoundNetworkPlan, planNetwork } from '../../network/plan/network.ts';
import { type BoundForward, formatPort } from '../../network/ports/port.ts';
import { readHostNetwork } from '../../network/probe/host-network.ts';
import { addSlirpForward, removeSlirpForward } from '../../network/slirp/slirp-live.ts';
import { passtArguments } from '../../passt/passt-argv.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { pause } from '../../util/time/pause.ts';
import { withMonitor } from '../channel/monitor.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { findPlan, readPlan, replacePlan } from '../record/machine-plan-file.ts';
import { readStatus } from '../record/machine-status.ts';
import { awaitForwards, logLength } from './passt-readiness.ts';
import { argumentsText } from '../../process/keeper.ts';

/**
 * Replaces the forwards of a running machine's network.
 * @throws InvalidInputError, PortTakenError, TimedOutError; the earlier forwards are restored then.
 */
export async function replaceForwards(
  definition: Definition,
  forwards: readonly BoundForward[],
  limits: Limits,
): Promise<void> {
  const { files } = definition;
  const plan = readPlan(files);
  const { network } = plan;
  if (!network) {
    throw new InvalidInputError(
      'ports',
      `machine "${definition.spec.name}" was started with --net none or bridge, which do not support port forwards`,
      {
        hint: `restart the machine to apply its new network settings, then try again: vmlet restart ${definition.spec.name}`,
      },
    );
  }
  const changed = {
    ...network,
    ...planNetwork(network.backend, forwards, passtOf(network), readHostNetwork()),
    forwards,
    guest: network.guest,
  };
  const added = without(forwards, network.forwards);
  // First the plan: it always includes every listening port, so that an interrupted change can be undone.
  writeForwards(files, plan, { ...network, forwards: [...network.forwards, ...added] });
  try {
    await (network.backend === 'slirp'
      ? changeSlirp(definition, without(network.forwards, forwards), added, limits)
      : restartPasst(definition, network, changed, limits));
  } catch (error) {
    writeForwards(files, plan, network);
    throw error;
  }
  writeForwards(files, plan, changed);
}

/** Makes the next start of a stopped machine choose new host ports for these forwards. */
export function forgetForwards(files: MachineFiles, gone: readonly (BoundForward | undefined)[]): void {
  const forgotten = gone.filter((forward) => forward !== undefined);
  if (forgotten.length === 0) return;
  const plan = findPlan(files);
  if (!plan) return;
  const { network, relay } = plan;
  replacePlan(files, {
    ...plan,
    network: network && { ...network, forwards: without(network.forwards, forgotten) },
    relay: relay && { ...relay, ports: without(relay.ports, forgotten) },
  });
}

function writeForwards({ plan: path }: MachineFiles, plan: NamedPlan, network: BoundNetworkPlan): void {
  exchangeFile(path, JSON.stringify({ ...plan, network } satisfies NamedPlan));
}

function without(forwards: readonly BoundForward[], others: readonly BoundForward[]): BoundForward[] {
  const texts = new Set(others.map(formatPort));
  return forwards.filter((forward) => !texts.has(formatPort(forward)));
}

function passtOf({ passtPath }: BoundNetworkPlan) {
  return passtPath === undefined ? undefined : { path: passtPath };
}

async function changeSlirp(
  definition: Definition,
  gone: readonly BoundForward[],
  added: readonly BoundForward[],
  limits: Limits,
): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      const done: BoundForward[] = [];
      try {
        for (const forward of added) {
          await addSlirpForward(qmp, forward);
          done.push(forward);
        }
      } catch (error) {
        for (const forward of done) await removeSlirpForward(qmp, forward);
        throw error;
      }
      for (const forward of gone) await removeSlirpForward(qmp, forward);
    },
    limits,
  );
}

/** Restarts passt: the keeper starts it with the arguments in the file as soon as QEMU reconnects. */
async function restartPasst(
  definition: Definition,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  limits: Limits,
): Promise<void> {
  const { spec, files } = definition;
  if (!existsSync(files.passtArguments)) {
    throw new MachineStateError(
      spec.name,
      'running',
      'was started by an earlier release of vmlet, so its forwards cannot be changed while it is running',
      {
        hint: `restart it first: vmlet restart ${spec.name}`,
      },
    );
  }
  try {
    await exchangePasst(definition, after, limits);
  } catch (error) {
    exchangeFile(files.passtArguments, argumentsText(commandOf(before)));
    await exchangePasst(definition, before, {});
    throw error;
  }
}

async function exchangePasst(
  definition: Definition,
  network: BoundNetworkPlan,
  limits: Limits,
): Promise<void> {
  const { spec, files } = definition;
  const old = passtProcess(files);
  const heardBytes = logLength(files);
  exchangeFile(files.passtArguments, argumentsText(commandOf(network)));
  if (old && isAlive(old)) process.kill(old.pid, 'SIGTERM');
  const deadline = performance.now() + RESTART_MS;
  while (old && isSameProcess(passtProcess(files), old)) {
    if (performance.now() > deadline) {
      throw new TimedOutError(`waiting for passt of machine "${spec.name}" to exit`, RESTART_MS, {
        hint: `restart the machine: vmlet restart ${spec.name}`,
      });
    }
    await pause(LOOK_EVERY_MS, limits.signal);
  }
  const lastAttempt = performance.now() + RESTART_MS;
  let patienceMs = RECONNECT_MS;
  while (!(await hasPasstWithin(patienceMs, files, limits)) && performance.now() < lastAttempt) {
    await discardPacket(definition, limits);
    patienceMs = BETWEEN_PACKETS_MS;
  }
  await awaitForwards(network, files, limits, heardBytes);
}

const RESTART_MS = 10_000;
const LOOK_EVERY_MS = 2;
/** QEMU connects again within a second. */
const RECONNECT_MS = 2000;
const BETWEEN_PACKETS_MS = 100;

/** The keeper starts passt when QEMU has connected. */
async function hasPasstWithin(
  timeoutMs: number,
  files: Definition['files'],
  { signal }: Limits,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (passtProcess(files) === undefined) {
    if (performance.now() > deadline) return false;
    await pause(LOOK_EVERY_MS, signal);
  }
  return true;
}

/**
 * QEMU stops reading from passt while the guest's card takes no packets, as before its driver is loaded, and then does
 * not notice that passt has ended. passt of 2026 sends packets by itself. Stopping the processors discards the one that
 * QEMU has read (net_vm_change_state_handler in its net/net.c).
 */
async function discardPacket(definition: Definition, limits: Limits): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      const { running } = await qmp.execute('query-status');
      if (!running) return;
      await qmp.execute('stop');
      await qmp.execute('cont');
    },
    limits,
  );
}

function passtProcess(files: Definition['files']): ProcessIdentity | undefined {
  const status = readStatus(files);
  return status.kind === 'running' ? status.helpers['passt'] : undefined;
}

function isSameProcess(one: ProcessIdentity | undefined, other: ProcessIdentity): boolean {
  return one?.pid === other.pid && one.startTime === other.startTime;
}

function commandOf(network: BoundNetworkPlan): string[] {
  if (network.passtPath === undefined) {
    throw new NetworkStartError('passt is not installed', [], { hint: 'install the package passt' });
  }
  return [network.passtPath, ...passtArguments(network)];
}
