import { existsSync } from 'node:fs';
import {
  CommandFailedError,
  MachineStateError,
  NetworkStartError,
  TimedOutError,
} from '../../../errors/index.ts';
import type { BoundNetworkPlan } from '../../../network/plan/network.ts';
import type { BoundForward } from '../../../network/ports/port.ts';
import { passtArguments, pestoCommand } from '../../../passt/passt-argv.ts';
import { argumentsText } from '../../../process/keeper.ts';
import { type ProcessIdentity, isAlive } from '../../../process/procfs/identity.ts';
import { run } from '../../../process/run.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { pause } from '../../../util/time/pause.ts';
import { withMonitor } from '../../channel/monitor.ts';
import type { Definition } from '../../record/definition.ts';
import { readStatus } from '../../record/machine-status.ts';
import { awaitForwards, logLength } from './passt-readiness.ts';

/** Has pesto change the forwards of the running passt. Connections through the other forwards are kept. */
export async function changePasst(
  { files }: Definition,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  { gone, added }: { readonly gone: readonly BoundForward[]; readonly added: readonly BoundForward[] },
  limits: Limits,
): Promise<void> {
  const { control } = after;
  if (!control) throw new TypeError('this passt has no control socket');
  const pesto = async (
    action: 'add' | 'delete',
    forwards: readonly BoundForward[],
    { signal }: Limits,
  ): Promise<void> => {
    if (forwards.length === 0) return;
    await run(pestoCommand(control, action, forwards), { signal, timeoutMs: PESTO_MS });
  };
  const heardBytes = logLength(files);
  // For the next passt, if this one ends.
  exchangeFile(files.passtArguments, argumentsText(commandOf(after)));
  try {
    await pesto('add', added, limits);
    // passt keeps a rule whose port is taken, and reports it in its log only.
    await awaitForwards(after, files, limits, heardBytes);
    await pesto('delete', gone, limits);
  } catch (error) {
    exchangeFile(files.passtArguments, argumentsText(commandOf(before)));
    for (const forward of added) {
      await pesto('delete', [forward], {}).catch((unknown: unknown) => {
        // It was not added.
        if (!(unknown instanceof CommandFailedError)) throw unknown;
      });
    }
    throw error;
  }
}

/** Restarts passt: the keeper starts it with the arguments in the file as soon as QEMU reconnects. */
export async function restartPasst(
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
/** pesto needs milliseconds. */
const PESTO_MS = 20_000;
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
