import { dirname, join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { readMachineRecord } from './machine-record.ts';

const recordSchema = z.strictObject({
  /** The guest's user for whom the machine's key is authorized; its host keys are known then too. */
  provisionedFor: z.string().optional(),
  /** When the run began in which its ssh server was seen to answer; milliseconds since 1970. */
  answeredInRun: z.number().optional(),
});

/** What is known of a machine's ssh server, so that it is not asked each time. */
export type SshRecord = Readonly<z.infer<typeof recordSchema>>;

/** @throws BrokenMachineError */
export function readSshRecord(directory: string): SshRecord {
  const machine = { directory: dirname(directory) };
  return readMachineRecord(machine, path(directory), (text) => recordSchema.parse(JSON.parse(text))) ?? {};
}

export function writeSshRecord(directory: string, record: SshRecord): void {
  replaceFile(path(directory), JSON.stringify(record));
}

function path(directory: string): string {
  return join(directory, 'record.json');
}
