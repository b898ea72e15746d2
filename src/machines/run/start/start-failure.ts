import {
  GuestClosedError,
  GuestMountError,
  KeeperEndedError,
  LaunchError,
  MachineStateError,
  TimedOutError,
  tellingLine,
} from '../../../errors/index.ts';
import { adviseOn } from '../../../machine/life/advice.ts';
import type { NamedPlan } from '../../../machine/plan/named-plan.ts';
import { explainSlirpFailure } from '../../../passt/start-failure.ts';
import { identifyProcess } from '../../../process/procfs/identity.ts';
import type { StartedKeeper } from '../../../process/keeper.ts';
import { endedMeanwhile, hasEnded } from '../../channel/ended.ts';
import { removalOf } from '../../plan/host-directories.ts';
import type { Definition } from '../../record/definition.ts';
import { describeEnd, lastLines, readEnding } from '../../record/machine-status.ts';

const QEMU_LINES = 20;
/** The connection ends before the keeper, which waits for its helpers. */
const END_MS = 5000;

/** Quotes QEMU's log, which is removed with the machine of `run --detach`. */
export function explainSlowStart(
  error: unknown,
  { spec: { name }, files }: Definition,
  { reports }: Pick<StartedKeeper, 'reports'>,
): unknown {
  if (!(error instanceof TimedOutError)) return error;
  const hint = reports.some(({ kind }) => kind === 'started')
    ? 'QEMU started, but does not respond: check its last output and the load of the host'
    : 'QEMU was not started in time: check the load of the host';
  const lines = lastLines(files.qemuLog, QEMU_LINES);
  return new TimedOutError(`starting machine "${name}"`, error.timeoutMs, { hint, lines });
}

/**
 * Names the end of a machine that another command has ended, or that ended by itself: the start only notices the lost
 * connection to the agent. Call it before the start ends the machine.
 */
export async function explainLoss(
  error: unknown,
  definition: Definition,
  { pid }: Pick<StartedKeeper, 'pid'>,
): Promise<unknown> {
  if (!(error instanceof GuestClosedError)) return error;
  const keeper = identifyProcess(pid);
  const isOver = !keeper || (await hasEnded({ keeper }, END_MS, undefined));
  return isOver ? endedMeanwhile(definition, error) : error;
}

/** Names what failed in the words of QEMU, of a lost share, or of the keeper, with advice. */
export async function explainStart(
  error: unknown,
  { spec, files }: Definition,
  plan: NamedPlan,
  keeper: Pick<StartedKeeper, 'reports'>,
): Promise<unknown> {
  if (error instanceof GuestMountError) return withRemoval(error, spec.name);
  if (!(error instanceof KeeperEndedError)) return error;
  if (error.busy)
    return new MachineStateError(spec.name, 'running', 'is already running', {
      hint: error.hint,
      cause: error,
    });
  const qemu = lastLines(files.qemuLog, QEMU_LINES);
  if (plan.network?.backend === 'slirp') await explainSlirpFailure(qemu, plan.network.forwards);
  const ending = hasRecordedEnd(keeper) ? readEnding(files) : undefined;
  // QEMU only says that its connection was closed.
  const why = ending?.outcome.kind === 'share-lost' ? describeEnd(ending.outcome) : tellingLine(qemu);
  const failed = (hint: string | undefined, cause: Error): LaunchError =>
    new LaunchError(
      `machine "${spec.name}" did not start: ${why ?? error.message}`,
      { qemu, console: [] },
      { hint: hint ?? error.hint, cause },
    );
  // The cause has no advice on the machine, which its creator may remove.
  const failure = failed(adviseOn(qemu, spec.name), failed(adviseOn(qemu), error));
  const { explainLockedImage } = await import('../../../machine/life/locked-image.ts');
  return explainLockedImage(failure, plan.disks[0]?.path ?? files.nvram, plan.volumes);
}

/** True when the keeper recorded how this run ended: without that, there may be a record of an earlier run. */
export function hasRecordedEnd({ reports }: Pick<StartedKeeper, 'reports'>): boolean {
  return reports.some(({ kind }) => kind === 'ended');
}

/** The next start would fail in the same way. The cause has no advice on the machine, which its creator may remove. */
function withRemoval(cause: GuestMountError, name: string): GuestMountError {
  const { target, errno, problem, hint } = cause;
  const removal = removalOf(name, target);
  return new GuestMountError(target, errno, problem, {
    hint: hint === undefined ? removal : `${hint}; ${removal}`,
    cause,
  });
}
