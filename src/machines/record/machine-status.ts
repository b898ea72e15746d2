import { MachineStateError } from '../../errors/index.ts';
import { existsSync, readFileSync } from 'node:fs';
import { type Outcome, describeOutcome } from '../../machine/life/outcome.ts';
import { describeOutOfSpace } from '../../machine/life/out-of-space.ts';
import { currentBootId, isAlive } from '../../process/procfs/identity.ts';
import type { MachineFiles } from './machine-files.ts';
import { readMachineRecord } from './machine-record.ts';
import { type EndRecord, type RunRecord, outcomeOf, parseEndRecord, parseRunRecord } from './run-record.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Ends that no keeper was left to record. */
export type LostOutcome =
  /** The host went down under it. */
  | { readonly kind: 'host-down' }
  /** The keeper was killed, and QEMU with it. */
  | { readonly kind: 'keeper-killed' };

/** What a named machine does just now. */
export type MachineStatus =
  /** It has not run yet. */
  | { readonly kind: 'created' }
  | ({ readonly kind: 'running' } & RunRecord)
  | {
      readonly kind: 'stopped';
      readonly outcome: Outcome | LostOutcome;
      /** Undefined where nobody saw it. */
      readonly endedAt: Date | undefined;
    }
  /** Its memory is in a file, with which the next start goes on. */
  | { readonly kind: 'saved'; readonly endedAt: Date | undefined };

const LAST_WORDS = 40;

/**
 * The truth about a machine: its keeper's record, believed only as long as that very process lives.
 * Synchronous, since `vmlet ls` asks for each machine.
 * @throws BrokenMachineError for a record that is none.
 */
export function readStatus(files: MachineFiles): MachineStatus {
  const record = readRun(files);
  if (record && isAlive(record.keeper)) return { kind: 'running', ...record };
  const ending = readEnding(files, record);
  if (existsSync(files.savedState)) return { kind: 'saved', endedAt: ending?.endedAt };
  return ending ? { kind: 'stopped', ...ending } : { kind: 'created' };
}

/** How a run ended. */
export type Ending = Omit<Extract<MachineStatus, { kind: 'stopped' }>, 'kind'>;

/**
 * How the last run of a machine ended that does not run; undefined where there was none.
 * @throws BrokenMachineError
 */
export function readEnding(files: MachineFiles, record = readRun(files)): Ending | undefined {
  const end = endOf(files);
  // Since the record of the run was read it may have ended in an orderly way, and then there is a record of that.
  if (record && (!end || end.startedAt < record.startedAt.getTime())) {
    const kind = record.keeper.bootId === currentBootId() ? 'keeper-killed' : 'host-down';
    return { outcome: { kind }, endedAt: undefined };
  }
  return end && { outcome: outcomeOf(end, lastLines(files.qemuLog)), endedAt: new Date(end.endedAt) };
}

/**
 * When the run that is on its way, or the last one, began; undefined where there was none.
 * @throws BrokenMachineError
 */
export function lastStartOf(files: MachineFiles): Date | undefined {
  const run = readRun(files);
  if (run) return run.startedAt;
  const end = endOf(files);
  return end && new Date(end.startedAt);
}

/**
 * The keeper's record of the run, whether that keeper still lives or was killed.
 * @throws BrokenMachineError
 */
export function readRun(files: Pick<MachineFiles, 'directory' | 'run'>): RunRecord | undefined {
  return readMachineRecord(files, files.run, unlessEmpty(parseRunRecord));
}

function endOf(files: MachineFiles): EndRecord | undefined {
  return readMachineRecord(files, files.end, unlessEmpty(parseEndRecord));
}

/** The keeper does not wait for the disk with what is true for one boot only: a power cut can leave it empty. */
function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === '' ? undefined : parse(text));
}

/** QEMU prints little; what is longer is cut where it is read. */
export function lastLines(path: string, count = LAST_WORDS): string[] {
  return (unlessMissing(() => readFileSync(path, 'utf8')) ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-count);
}

/** One sentence for a person, without a full stop. */
export function describeStatus(status: MachineStatus): string {
  switch (status.kind) {
    case 'created':
      return 'has not run yet';
    case 'running':
      return status.outOfSpace
        ? `${describeOutOfSpace(status.outOfSpace)}; make room and resume it`
        : status.state;
    case 'saved':
      return 'saved to a file; the next start goes on where it was';
    case 'stopped':
      return describeEnd(status.outcome);
  }
}

export function describeEnd(outcome: Outcome | LostOutcome): string {
  switch (outcome.kind) {
    case 'host-down':
      return 'the host went down';
    case 'keeper-killed':
      return 'its keeper was killed on the host, and QEMU with it';
    default:
      return describeOutcome(outcome);
  }
}

export function notRunning(name: string, kind: string): MachineStateError {
  return new MachineStateError(name, kind, 'does not run', { hint: `start it first: vmlet start ${name}` });
}
