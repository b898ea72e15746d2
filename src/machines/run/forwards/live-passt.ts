import { existsSync } from 'node:fs';
import {
  CommandFailedError,
  MissingProgramError,
  NetworkStartError,
  ProcessStartError,
  TimedOutError,
  VmletError,
} from '../../../errors/index.ts';
import type { BoundNetworkPlan, PasstControl } from '../../../network/plan/network.ts';
import { type BoundForward, withoutForwards } from '../../../network/ports/port.ts';
import { passtArguments, pestoCommand } from '../../../passt/passt-argv.ts';
import { argumentsText } from '../../../process/keeper.ts';
import { type ProcessIdentity, signalProcess } from '../../../process/procfs/identity.ts';
import { readProcess } from '../../../process/procfs/stat.ts';
import { run } from '../../../process/run.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { poll } from '../../../util/time/poll.ts';
import { withMonitor } from '../../channel/monitor.ts';
import type { Definition } from '../../record/definition.ts';
import { forwardsAreFixed, readStatus } from '../../record/machine-status.ts';
import { allListen, listeningAmong } from '../../../passt/listening.ts';
import { awaitForwards, logLength } from './passt-readiness.ts';

export interface PasstOptions extends Limits {
  /** Called before passt is restarted, which ends the guest's connections through it. */
  readonly onRestart?: (() => void) | undefined;
}

/** Whether the forwards of the running passt can be changed by pesto, unless that fails. */
export function hasPesto(network: BoundNetworkPlan): network is BoundNetworkPlan & { control: PasstControl } {
  return network.control !== undefined && existsSync(network.control.socketPath);
}

/**
 * Changes the forwards of a running passt by pesto, which keeps all connections through the others.
 * @returns false where pesto does not work; nothing has changed then.
 * @throws as `restartPasst`; the earlier forwards are restored then.
 */
export async function changeLivePasst(
  definition: Definition,
  before: BoundNetworkPlan & { readonly control: PasstControl },
  after: BoundNetworkPlan,
  options: PasstOptions,
): Promise<boolean> {
  try {
    await changeByPesto(definition, before.control, before, after, options);
    return true;
  } catch (error) {
    // As after an update of passt: both must be of the same release.
    const isUnusable = UNUSABLE.some((kind) => error instanceof kind);
    if (!isUnusable || options.signal?.aborted === true) throw error;
    return false;
  }
}

const UNUSABLE = [CommandFailedError, MissingProgramError, ProcessStartError, TimedOutError];

async function changeByPesto(
  definition: Definition,
  control: PasstControl,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  { onRestart, ...limits }: PasstOptions,
): Promise<void> {
  const { files } = definition;
  const added = withoutForwards(after.forwards, before.forwards);
  const gone = withoutForwards(before.forwards, after.forwards);
  const heardBytes = logLength(files);
  // For the next passt, if this one ends.
  exchangeFile(files.passtArguments, argumentsText(commandOf(after)));
  try {
    if (added.length > 0) await runPesto(control, 'add', added, limits);
    // passt keeps a rule whose port is taken, and reports it in its log only.
    await awaitForwards(after, files, limits, heardBytes);
    for (const forward of gone) await deleteForward(control, forward, limits);
    await awaitClosed(gone, limits);
  } catch (error) {
    exchangeFile(files.passtArguments, argumentsText(commandOf(before)));
    for (const forward of added) await attempt(async () => runPesto(control, 'delete', [forward], {}));
    for (const forward of gone) await attempt(async () => runPesto(control, 'add', [forward], {}));
    if (!allListen(before.forwards)) {
      onRestart?.();
      await exchangePasst(definition, before, {});
    }
    throw error;
  }
}

async function runPesto(
  control: PasstControl,
  action: 'add' | 'delete',
  forwards: readonly BoundForward[],
  { signal }: Limits,
): Promise<void> {
  await run(pestoCommand(control, action, forwards), { signal, timeoutMs: PESTO_MS });
}

/** A forward that passt does not have is left by a change that was interrupted. */
async function deleteForward(control: PasstControl, forward: BoundForward, limits: Limits): Promise<void> {
  await runPesto(control, 'delete', [forward], limits).catch((error: unknown) => {
    if (!(error instanceof CommandFailedError) || listeningAmong([forward]).length > 0) throw error;
  });
}

/** pesto does not wait for passt. Another program may have the port already. */
async function awaitClosed(forwards: readonly BoundForward[], { signal }: Limits): Promise<void> {
  const limits = { timeoutMs: CLOSE_MS, signal };
  await poll(() => listeningAmong(forwards).length === 0, { everyMs: LOOK_EVERY_MS, ...limits });
}

/** Undoes a step that may not have been done. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VmletError)) throw error;
  }
}

/**
 * Restarts passt: the keeper starts it with the arguments in the file as soon as QEMU reconnects.
 * @throws NetworkStartError and what `awaitForwards` throws; passt has the earlier forwards then.
 */
export async function restartPasst(
  definition: Definition,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  { onRestart, ...limits }: PasstOptions,
): Promise<true> {
  const { spec, files } = definition;
  if (!existsSync(files.passtArguments)) {
    throw forwardsAreFixed(spec.name);
  }
  // Afterwards it would have to be restarted twice.
  limits.signal?.throwIfAborted();
  onRestart?.();
  try {
    await exchangePasst(definition, after, limits);
    return true;
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
  const { files } = definition;
  const argv = commandOf(network);
  const first = passtProcess(files);
  const heardBytes = logLength(files);
  exchangeFile(files.passtArguments, argumentsText(argv));
  if (first) await endPasst(definition, first, limits);
  await awaitPasst(definition, limits);
  // The keeper may have read the earlier arguments just before: another exchange was interrupted.
  const next = passtProcess(files);
  if (next && hasOtherArguments(next, argv)) {
    await endPasst(definition, next, limits);
    await awaitPasst(definition, limits);
  }
  await awaitForwards(network, files, limits, heardBytes);
}

/** Ends this passt, and waits until the keeper's record no longer has it. */
async function endPasst(
  { spec, files }: Definition,
  passt: ProcessIdentity,
  { signal }: Limits,
): Promise<void> {
  signalProcess(passt, 'SIGTERM');
  const hasExited = (): boolean => !isSameProcess(passtProcess(files), passt);
  if (!(await poll(hasExited, { everyMs: LOOK_EVERY_MS, timeoutMs: RESTART_MS, signal }))) {
    throw new TimedOutError(`waiting for passt of machine "${spec.name}" to exit`, RESTART_MS, {
      hint: `restart the machine: vmlet restart ${spec.name}`,
    });
  }
}

/** Waits until the keeper has started passt, or for some seconds. */
async function awaitPasst(definition: Definition, limits: Limits): Promise<void> {
  const { signal } = limits;
  const hasPasstWithin = async (timeoutMs: number): Promise<boolean> =>
    poll(() => passtProcess(definition.files) !== undefined, { everyMs: LOOK_EVERY_MS, timeoutMs, signal });
  const lastAttempt = performance.now() + RESTART_MS;
  // The keeper starts passt when QEMU has connected.
  let patienceMs = RECONNECT_MS;
  while (!(await hasPasstWithin(patienceMs)) && performance.now() < lastAttempt) {
    await discardPacket(definition, limits);
    patienceMs = BETWEEN_PACKETS_MS;
  }
}

const RESTART_MS = 10_000;
/** pesto needs milliseconds. */
const PESTO_MS = 20_000;
const CLOSE_MS = 2000;
const LOOK_EVERY_MS = 2;
/** QEMU connects again within a second. */
const RECONNECT_MS = 2000;
const BETWEEN_PACKETS_MS = 100;

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

/** vmlet-confine, which becomes passt, has the words of passt's command line after its own. */
function hasOtherArguments({ pid }: ProcessIdentity, argv: readonly string[]): boolean {
  const commandLine = readProcess(`/proc/${pid}/cmdline`);
  // passt starts a program beside it that suits the processor.
  const words = argumentsText(argv.slice(1));
  return commandLine !== undefined && !commandLine.endsWith(`\0${words}`);
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
