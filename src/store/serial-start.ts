import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { isSystemError } from '../errors.ts';
import { type LogPosition, endOfLog } from '../machine/log-generations.ts';
import { exchangeFile } from '../util/atomic-file.ts';
import type { MachineFiles } from './machine-files.ts';

const positionSchema = z.strictObject({ identity: z.string().optional(), offset: z.int().nonnegative() });

/** Remembers where a run's part of the serial log begins: the log goes on from run to run. */
export function recordSerialStart({ serialLog, serialStart }: MachineFiles): void {
  exchangeFile(serialStart, JSON.stringify(endOfLog(serialLog)));
}

/** @throws ZodError or SyntaxError for a record that is none. */
export function readSerialStart({ serialStart }: MachineFiles): LogPosition {
  try {
    const { identity, offset } = positionSchema.parse(JSON.parse(readFileSync(serialStart, 'utf8')));
    return { identity, offset };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return { identity: undefined, offset: 0 };
    throw error;
  }
}
