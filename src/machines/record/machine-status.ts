import { type ErrorDetails, MachineStateError } from '../../errors/index.ts';
import { existsSync, readFileSync } from 'node:fs';
import { type Outcome, describeOutcome } from '../../machine/life/outcome.ts';
import { describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import { currentBootId, isAlive } from '../../process/procfs/identity.ts';
import type { ShareLoss } from '../../machine/share/running-share.ts';
import { isSameMount, mountsOf } from '../spec/mounts.ts';
import type { StoredMounts } from '../spec/stored-mounts.ts';
import { type MachineFiles, shareLog } from './machine-files.ts';
import { findPlan } from './machine-plan-file.ts';
import { readMachineRecord } from './machine-record.ts';
import {
  type CommandEnd,
  type EndRecord,
  type RunRecord,
  commandEndOf,
  describeFailedMounts,
  lostHelperOf,
  outcomeOf,
  parseEndRecord,
  parseRunRecord,
} from './run-record.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Ends that no keeper could record. */
export type LostOutcome =
  /** The host crashed or rebooted. */
  | { readonly kind: 'host-down' }
  /** The keeper was killed, and QEMU with it. */
  | { readonly kind: 'keeper-killed' };

/** Current status of a named machine. */
export type MachineStatus =
  /** It has never run. */
  | { readonly kind: 'created' }
  | ({ readonly kind: 'running' } & RunRecord)
  | {
      readonly kind: 'stopped';
      readonly outcome: Outcome | LostOutcome;
      /** Undefined when the end was not observed. */
      readonly endedAt: Date | undefined;
      /** How its command ended; undefined without one, and when the end was not observed. */
      readonly command?: CommandEnd | undefined;
      /** The problem for which vmlet ended it during its start; undefined after any other end. */
      readonly failedStart?: string | undefined;
    }
  /** Its memory is in a file, from which the next start resumes. */
  | { readonly kind: 'saved'; readonly endedAt: Date | undefined };

export type RunningStatus = Extract<MachineStatus, { kind: 'running' }>;

/** Returns a machine's status, without failures of what was removed from its definition, or replaced, since. */
export function statusOf({
  spec,
  files,
}: {
  readonly spec: StoredMounts;
  readonly files: MachineFiles;
}): MachineStatus {
  const status = readStatus(files);
  if (status.kind !== 'running' || status.failedMounts.length === 0) return status;
  const defined = mountsOf(spec);
  const targets = mountsOf(findPlan(files) ?? {})
    .filter((mount) => defined.some((one) => isSameMount(one, mount)))
    .map(({ target }) => target);
  return { ...status, failedMounts: status.failedMounts.filter(({ target }) => targets.includes(target)) };
}

const LAST_WORDS = 40;

/**
 * Returns a machine's status. The keeper's record counts only while that very process is alive. Synchronous, since
 * `vmlet ls` asks for every machine.
 * @throws BrokenMachineError for an invalid record.
 */
export function readStatus(files: MachineFiles): MachineStatus {
  const record = readRun(files);
  if (record && isAlive(record.keeper)) return { kind: 'running', ...record };
  const ending = readEnding(files, record);
  if (existsSync(files.savedState)) return { kind: 'saved', endedAt: ending?.endedAt };
  return ending ? { kind: 'stopped', ...ending } : { kind: 'created' };
}

/** The end of a run. */
export type Ending = Omit<Extract<MachineStatus, { kind: 'stopped' }>, 'kind'>;

/**
 * Returns how the last run of a stopped machine ended; undefined before the first run.
 * @throws BrokenMachineError
 */
export function readEnding(files: MachineFiles, record = readRun(files)): Ending | undefined {
  const end = endOf(files);
  // The machine may have ended normally since `record` was read; then there is a record of that end.
  if (record && (!end || end.startedAt < record.startedAt.getTime())) {
    const kind = record.keeper.bootId === currentBootId() ? 'keeper-killed' : 'host-down';
    return { outcome: { kind }, endedAt: undefined };
  }
  if (!end) return undefined;
  const command = commandEndOf(end);
  const { failedStart } = end;
  return {
    outcome: outcomeOf(end, lastLines(files.qemuLog), shareLossOf(end, files)),
    endedAt: new Date(end.endedAt),
    ...(command && { command }),
    ...(failedStart !== undefined && { failedStart }),
  };
}

function shareLossOf(end: EndRecord, files: MachineFiles): ShareLoss | undefined {
  const lost = lostHelperOf(end);
  if (!lost) return undefined;
  const share = findPlan(files)?.shares.find(({ tag }) => tag === lost.name);
  return {
    program: 'virtiofsd',
    target: share?.target ?? lost.name,
    status: lost.status,
    lastWords: lastLines(shareLog(files, lost.name)),
  };
}

/**
 * Returns the start time of the current or last run; undefined before the first run.
 * @throws BrokenMachineError
 */
export function lastStartOf(files: MachineFiles): Date | undefined {
  const run = readRun(files);
  if (run) return run.startedAt;
  const end = endOf(files);
  return end && new Date(end.startedAt);
}

/**
 * Returns the keeper's record of the run, whether the keeper is alive or was killed.
 * @throws BrokenMachineError
 */
export function readRun(files: Pick<MachineFiles, 'directory' | 'run'>): RunRecord | undefined {
  return readMachineRecord(files, files.run, unlessEmpty(parseRunRecord));
}

function endOf(files: MachineFiles): EndRecord | undefined {
  return readMachineRecord(files, files.end, unlessEmpty(parseEndRecord));
}

/** Records that matter for one boot only are not synced to the disk: a power loss can leave them empty. */
function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === '' ? undefined : parse(text));
}

/** Returns the last lines of a log. QEMU prints little; its reader truncates longer output. */
export function lastLines(path: string, count = LAST_WORDS): string[] {
  return (unlessMissing(() => readFileSync(path, 'utf8')) ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-count);
}

/** Describes a status in one phrase for people, without a full stop. */
export function describeStatus(status: MachineStatus): string {
  switch (status.kind) {
    case 'created':
      return 'never started';
    case 'running':
      return status.outOfSpace
        ? `${describeOutOfSpace(status.outOfSpace)}; free some space, then resume the machine`
        : describeFailedMounts(status.failedMounts) || status.state;
    case 'saved':
      return 'its memory is saved; the next start resumes the machine';
    case 'stopped':
      if (status.failedStart !== undefined) return `its start failed: ${status.failedStart}`;
      return status.command
        ? describeCommandEnd(status.command, status.outcome)
        : describeEnd(status.outcome);
  }
}

function describeCommandEnd(
  { exitCode, signal, problem }: CommandEnd,
  outcome: Outcome | LostOutcome,
): string {
  // The keeper knows only that the command did not end by itself.
  if (problem !== undefined) return outcome.kind === 'share-lost' ? describeEnd(outcome) : problem;
  return signal === undefined
    ? `its command exited with status ${exitCode ?? 0}`
    : `its command was killed by ${signal}`;
}

/** Returns how the command of a machine ended, once the machine has. */
export function endOfCommand(status: MachineStatus): CommandEnd | undefined {
  const command = status.kind === 'stopped' ? status.command : undefined;
  // The status also reports a lost share, for which the keeper ended the machine.
  return command && { ...command, problem: command.problem && describeStatus(status) };
}

/** Describes how a machine ended in one phrase for people. */
export function describeEnd(outcome: Outcome | LostOutcome): string {
  switch (outcome.kind) {
    case 'host-down':
      return 'the host crashed or rebooted';
    case 'keeper-killed':
      return 'the process that runs the machine (vmlet-keeper) was killed, and QEMU with it';
    default:
      return describeOutcome(outcome);
  }
}

/**
 * Returns the status of a running machine.
 * @param details as for `notRunning`.
 * @throws MachineStateError
 */
export function requireRunning(
  {
    spec,
    files,
  }: {
    readonly spec: { readonly name: string };
    readonly files: MachineFiles;
  },
  details?: ErrorDetails,
): RunningStatus {
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind, details);
  return status;
}

/** @param details advice to start it by default. */
export function notRunning(
  name: string,
  kind: string,
  details: ErrorDetails = { hint: `start it first: vmlet start ${name}` },
): MachineStateError {
  return new MachineStateError(name, kind, 'is not running', details);
}

/** For a machine whose run lacks what a change of its forwards needs. */
export function forwardsAreFixed(name: string): MachineStateError {
  return new MachineStateError(
    name,
    'running',
    'was started by an earlier release of vmlet, so its forwards cannot be changed while it is running',
    { hint: `restart it first: vmlet restart ${name}` },
  );
}

/** Whether QEMU runs, and its processors too. */
export function processorsRun(status: MachineStatus): status is RunningStatus {
  return status.kind === 'running' && status.state === 'running';
}

/** True for a machine that a command has paused, or that was started paused. */
export function isPaused(status: MachineStatus): boolean {
  return status.kind === 'running' && status.state === 'paused';
}
