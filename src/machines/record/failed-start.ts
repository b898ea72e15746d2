import { readFileSync } from 'node:fs';
import {
  BrokenMachineError,
  GuestClosedError,
  KeeperEndedError,
  MachineEndedError,
  QmpClosedError,
  VmletError,
  isSystemError,
  sentenceOf,
} from '../../errors/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { MachineFiles } from './machine-files.ts';
import { readEnding } from './machine-status.ts';

/** Errors of a machine that had ended before its start could end it: somebody else killed it. */
const LOSSES = [GuestClosedError, KeeperEndedError, MachineEndedError, QmpClosedError];

/**
 * Adds to the keeper's record of the end why the machine was ended during its start: the keeper only knows that it was
 * told to kill QEMU. Any other end has a reason of its own. Call it when the keeper has written the record and ended.
 */
export function recordFailedStart(files: MachineFiles, error: unknown, isInterrupted = false): void {
  const problem = isInterrupted ? 'it was interrupted' : problemOf(error);
  if (problem === undefined) return;
  try {
    const outcome = readEnding(files)?.outcome;
    if (outcome?.kind !== 'killed' || !outcome.expected) return;
    const record = JSON.parse(readFileSync(files.end, 'utf8')) as object;
    exchangeFile(files.end, JSON.stringify({ ...record, failedStart: problem }));
  } catch (failure) {
    // The caller needs the error of the start, even if the host has no space for the record.
    if (!isSystemError(failure) && !(failure instanceof BrokenMachineError)) throw failure;
  }
}

function problemOf(error: unknown): string | undefined {
  if (!(error instanceof VmletError) || LOSSES.some((loss) => error instanceof loss)) return undefined;
  return sentenceOf(error);
}
