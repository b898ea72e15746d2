import * as z from 'zod';
import { type LogPosition, endOfLog } from '../../machine/logs/log-generations.ts';
import type { TextFile } from '../../util/files/atomic-file.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readMachineRecord } from '../record/machine-record.ts';

const positionSchema = z.strictObject({ identity: z.string().optional(), offset: z.int().nonnegative() });

/** Returns the record of where a run begins in the serial log, which spans all runs. */
export function serialStartFile({ serialLog, serialStart }: MachineFiles): TextFile {
  return { path: serialStart, text: JSON.stringify(endOfLog(serialLog)) };
}

/** @throws BrokenMachineError for an invalid record. */
export function readSerialStart(files: MachineFiles): LogPosition {
  const position = readMachineRecord(files, files.serialStart, (text) =>
    positionSchema.parse(JSON.parse(text)),
  );
  return { identity: position?.identity, offset: position?.offset ?? 0 };
}
