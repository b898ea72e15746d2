import { readFileSync } from 'node:fs';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { MachineFiles } from './machine-files.ts';

/**
 * Adds to the keeper's record of the end why the machine was ended during its start: the keeper only knows that it was
 * told to kill QEMU. Call it when the keeper has written the record and ended.
 */
export function recordFailedStart({ end }: Pick<MachineFiles, 'end'>, problem: string): void {
  const record = JSON.parse(readFileSync(end, 'utf8')) as object;
  exchangeFile(end, JSON.stringify({ ...record, failedStart: problem }));
}
