import { dirname, join } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError } from '../../errors/index.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from './definition.ts';
import { readMachineRecord } from './machine-record.ts';

const recordSchema = z.strictObject({
  /** The guest's user whose authorized_keys has the machine's key; the host keys are known then too. */
  provisionedFor: z.string().optional(),
  /** Start of the run in which its ssh server answered; milliseconds since 1970. */
  answeredInRun: z.number().optional(),
  /** Whether vmlet's agent connects to the server: as its image states, then as the last look found. */
  byAgent: z.boolean().optional(),
});

/** Facts about a machine's ssh server, cached so that it is not probed each time. */
export type SshRecord = Readonly<z.infer<typeof recordSchema>>;

/** @throws BrokenMachineError */
export function readSshRecord(directory: string): SshRecord {
  const machine = { directory: dirname(directory) };
  return readMachineRecord(machine, path(directory), (text) => recordSchema.parse(JSON.parse(text))) ?? {};
}

/** True when ssh goes by vmlet's agent, as far as is known. */
export function isEnteredByAgent({ spec, files }: Definition): boolean {
  // The installer boots first, not the system with the agent.
  if (spec.installer) return false;
  try {
    // micro is started by the agent.
    return readSshRecord(files.ssh).byAgent ?? spec.boot.kind === 'image';
  } catch (error) {
    // A broken record prevents no start: `vmlet ssh` reports it.
    if (error instanceof BrokenMachineError) return false;
    throw error;
  }
}

export function writeSshRecord(directory: string, record: SshRecord): void {
  replaceFile(path(directory), JSON.stringify(record));
}

function path(directory: string): string {
  return join(directory, 'record.json');
}
