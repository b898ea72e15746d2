import { existsSync } from 'node:fs';
import { InvalidInputError, MachineStateError, isSystemError } from '../../../errors/index.ts';
import { requirePlatform } from '../../../host/require-platform.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { keeperProgram } from '../../../process/native/keeper-program.ts';
import { ensurePrivateDirectory } from '../../../machine/paths/runtime-directory.ts';
import { freeSocketPath } from '../../../network/ports/free-socket-path.ts';
import { boundSockets } from '../../spec/forwards.ts';
import { withPortChoices } from '../../../network/ports/port-choices.ts';
import { identifyProcess, signalProcess } from '../../../process/procfs/identity.ts';
import { type StartedKeeper, signalKeeper, startKeeper } from '../../../process/keeper.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { type Limits, withinLimits } from '../../../util/time/deadline.ts';
import { onAbort } from '../../../util/time/on-abort.ts';
import { Scope } from '../../../util/scope.ts';
import { bootTimeoutMs } from '../../../machine/spec/guest-time.ts';
import { type Definition, readDefinition } from '../../record/definition.ts';
import { afterInstaller, forgetInstaller } from '../../plan/after-installer.ts';
import { isRestoring, settleInterrupted, settleRestore } from '../../recovery/interrupted-restore.ts';
import { removeLinkedFiles } from '../../disks/linked-file.ts';
import { lockMachine } from '../../lock/machine-lock.ts';
import type { KeptMemory } from '../../plan/machine-plan.ts';
import { volumesOf } from '../../spec/stored-mounts.ts';
import { ensureVolumes, requireReadable } from '../../../machine/volume/open-volume.ts';
import { isPaused, readStatus } from '../../record/machine-status.ts';
import { recordFailedStart } from '../../record/failed-start.ts';
import { awaitFirstForwards } from '../forwards/passt-readiness.ts';
import { announceMember, tellMembers } from './announce-member.ts';
import { discardSaved, awaitsResume } from '../../record/saved-note.ts';
import { beginCommand, keepAfterRun, writeCommandFiles } from '../guest-command.ts';
import { startFiles } from './start-files.ts';
import { explainLoss, explainSlowStart, explainStart, hasRecordedEnd } from './start-failure.ts';
import type { StartOptions } from './start-options.ts';
import { planStart, startDirectories } from './start-plan.ts';
import { emptyDirectory, removeFile } from '../../../util/files/removal.ts';

const START_TIMEOUT_MS = 60_000;
/** Time for the keeper to end after the signal: it kills QEMU at once, and gives its helpers two seconds. */
const KEEPER_END_MS = 15_000;

/** Memory to load into a new QEMU before its processors run, instead of booting. */
export interface MemoryToLoad {
  readonly kept: KeptMemory;
  /** Called before anything is started. @throws for a machine that the memory does not fit. */
  readonly check: (plan: NamedPlan) => void;
  /** @param letRun false leaves the machine paused. */
  readonly load: (definition: Definition, letRun: boolean, limits: Limits) => Promise<void>;
}

/**
 * Starts a machine, and returns when its processors run and its ports lead to it; with copies of directories, when its
 * guest has booted and has them. It keeps running when this process exits. After a failed start, nothing is left running,
 * except for a machine that has loaded its saved memory: its QEMU holds the only copy.
 * @throws MachineNotFoundError, MachineBusyError, MachineStateError (already running), LaunchError with QEMU's last
 *   lines, PortTakenError, UnsupportedHostError, or the signal's reason.
 */
export async function startMachine(
  locations: Locations,
  name: string,
  options: StartOptions = {},
  memory?: MemoryToLoad,
): Promise<Definition> {
  requirePlatform();
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  const { descriptor: lock } = await lockMachine(name, files, 'starting it', scope);
  const asked = readDefinition(locations, name);
  if (isStoppedShort(asked) && options.paused !== true) {
    const { resumeSaved } = await import('../save.ts');
    await resumeSaved(asked, options);
    await tellResumed(locations, name, options.signal);
    await tellMembers(locations, asked, options.signal);
    return asked;
  }
  await refuseRunning(asked);
  await settleInterrupted(asked);
  removeLinkedFiles(files);
  const definition = afterInstaller(asked);
  if (definition !== asked) {
    forgetInstaller(asked);
    options.onInstalled?.();
  }
  // Leftovers of an interrupted save are removed in any case.
  if (options.discardSaved === true || !existsSync(files.savedState)) discardSaved(definition);
  await withPortChoices(options.log, async (choice) =>
    startLocked(locations, definition, { ...options, lock, memory, otherPorts: choice > 1 }),
  );
  await tellMembers(locations, definition, options.signal);
  return definition;
}

function isStoppedShort(definition: Definition): boolean {
  const status = readStatus(definition.files);
  return status.kind === 'running' && status.state === 'paused' && awaitsResume(definition);
}

async function refuseRunning(definition: Definition): Promise<void> {
  const { spec, files } = definition;
  const status = readStatus(files);
  if (status.kind !== 'running') return;
  // An interrupted save, restore or resume: the machine's state is entirely in its files.
  if ((existsSync(files.savedState) || isRestoring(files)) && status.state !== 'running') {
    const { killMachine } = await import('../stop.ts');
    keepAfterRun(files);
    await killMachine(definition);
    return;
  }
  throw new MachineStateError(spec.name, status.state, `is already running (state: ${status.state})`, {
    hint: isPaused(status)
      ? `resume it: vmlet resume ${spec.name}`
      : status.outOfSpace
        ? `free some space, then run: vmlet resume ${spec.name}`
        : `to restart it, run: vmlet restart ${spec.name}`,
  });
}

async function startLocked(
  locations: Locations,
  definition: Definition,
  options: StartOptions & {
    readonly lock: number;
    readonly memory: MemoryToLoad | undefined;
    readonly otherPorts: boolean;
  },
): Promise<void> {
  const { spec, files } = definition;
  const { log, signal, lock, memory, otherPorts } = options;
  const volumes = volumesOf(spec);
  await ensureVolumes(locations, volumes, signal);
  requireReadable(locations, volumes);
  const started = await planStart(locations, definition, options, {
    otherPorts,
    ...(memory && { memory: memory.kept }),
  });
  const { plan, keeper: keeperOptions } = started;
  memory?.check(plan);
  const boots = !plan.incoming && memory === undefined;
  if (boots && options.paused === true) refusePausedCopies(definition, plan);
  for (const { path } of boundSockets(plan)) await freeSocketPath(path, signal);
  // An earlier run had other helpers. The directory stays: other members of its networks may be writing names to it.
  emptyDirectory(files.keeper);
  for (const directory of [locations.runtime, ...startDirectories(files, plan)]) {
    ensurePrivateDirectory(directory);
  }
  // Output of the last run's passt must not be attributed to this one.
  removeFile(files.passtLog);
  for (const { path, text } of startFiles(locations, definition, started)) exchangeFile(path, text);
  writeCommandFiles(locations, definition);
  await announceMember(locations, definition, signal);
  const keeper = startKeeper(keeperProgram(), { ...keeperOptions, lock });
  try {
    const waits = options.paused === true || !boots;
    const ready = waits ? keeper.negotiated : keeper.running;
    await withinLimits('starting the machine', ready, {
      timeoutMs: options.timeoutMs ?? START_TIMEOUT_MS,
      signal,
    }).catch((error: unknown) => {
      throw explainSlowStart(error, definition, keeper);
    });
    // Saved memory is loaded only into a machine whose ports are published.
    if (plan.network) await awaitFirstForwards(plan.network, files, { signal });
    const letRun = options.paused !== true;
    if (plan.incoming) {
      const { restoreSaved } = await import('../save.ts');
      await restoreSaved(definition, letRun, { signal });
    }
    await memory?.load(definition, letRun, { signal });
    log?.debug({ keeper: keeper.pid }, 'the machine runs');
    if (!boots && letRun) await tellResumed(locations, spec.name, signal);
    if (spec.boot.kind === 'image' && !waits) await configure(definition, plan, options);
    if (plan.copies.length > 0 && !waits) {
      const { copyDirectories } = await import('../copy-directories.ts');
      await copyDirectories(definition, plan, signal);
    }
    beginCommand(definition);
  } catch (error) {
    // The file is removed once QEMU has loaded it. From then on, QEMU holds the only copy.
    if (plan.incoming && !existsSync(files.savedState) && mayBeAlive(keeper)) {
      keeper.release();
      throw error;
    }
    const failure = await explainLoss(error, definition, keeper);
    keepAfterRun(definition.files);
    await endKeeper(keeper);
    // If loading the memory failed, QEMU may have changed some of the disks.
    await settleRestore(definition);
    if (hasRecordedEnd(keeper)) recordFailedStart(definition.files, error, signal?.aborted);
    throw await explainStart(failure, definition, plan, keeper);
  }
  keeper.release();
}

/** Its clock is that of its memory. */
async function tellResumed(
  locations: Locations,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tellMissed } = await import('../../../machine/network/tell-members.ts');
  await tellMissed(locations, name, signal);
}

/** @throws InvalidInputError for a start whose guest could not get its copies. */
function refusePausedCopies({ spec: { name } }: Definition, { copies: [copy] }: NamedPlan): void {
  if (!copy) return;
  throw new InvalidInputError(
    'paused',
    `machine "${name}" cannot start paused, because its guest gets a copy of ${copy.source} at the start`,
    { hint: `start the machine, then pause it: vmlet start ${name} && vmlet pause ${name}` },
  );
}

/** Returns true also when that is unknown: memory that only QEMU holds must not be lost. */
function mayBeAlive({ pid }: StartedKeeper): boolean {
  try {
    return identifyProcess(pid) !== undefined;
  } catch (error) {
    if (isSystemError(error)) return true;
    throw error;
  }
}

/** Configures a micro guest, which waits for it. */
async function configure(
  definition: Definition,
  plan: NamedPlan,
  { signal, log }: StartOptions,
): Promise<void> {
  const { attachBootingAgent } = await import('../../channel/attach-agent.ts');
  const { configureGuest, mountAll } = await import('../../../machine/launch/configure-guest.ts');
  const { whileKernelLives } = await import('../../channel/while-kernel-lives.ts');
  const timeoutMs = bootTimeoutMs('kernel', plan.accelerator);
  const booted = async (either: AbortSignal): Promise<void> => {
    await using agent = await attachBootingAgent(definition, { signal: either, timeoutMs });
    const forget = onAbort(
      either,
      (reason) => void agent.close(reason instanceof Error ? reason : undefined),
    );
    await configureGuest(agent, plan, { log })
      .then(async () => mountAll(agent, plan))
      .finally(forget);
  };
  await whileKernelLives(definition, booted, signal, true);
}

/** Ends the keeper of a failed start, so that nothing is left running. A service of systemd counts as failed then. */
async function endKeeper(keeper: StartedKeeper): Promise<void> {
  const identity = identifyProcess(keeper.pid);
  if (identity) signalKeeper(identity, 'fail the start');
  // A keeper that does not react is killed, and QEMU dies with it; the next start cleans up.
  const patience = setTimeout(() => identity && signalProcess(identity, 'SIGKILL'), KEEPER_END_MS);
  await keeper.ended.catch(() => undefined);
  clearTimeout(patience);
}
