import * as z from 'zod';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from './definition.ts';
import { readMachineRecord } from './machine-record.ts';

const memorySchema = z.strictObject({
  snapshot: z.string(),
  /** False when it was paused. */
  wasRunning: z.boolean(),
  /** Such as `pc-q35-10.0`. */
  machineType: z.string(),
  rootPorts: z.array(z.string()),
  /** In the form of `hardwareOf`. */
  hardware: z.record(z.string(), z.string()),
});

const recordSchema = z.strictObject({ version: z.literal(1), memories: z.array(memorySchema) });

/**
 * The hardware that a snapshot's memory belongs to. The disks define which snapshots exist: this record is written before
 * a snapshot is taken, and may name one that was not.
 */
export type SnapshotMemory = Readonly<z.infer<typeof memorySchema>>;

export function findMemory(definition: Definition, snapshot: string): SnapshotMemory | undefined {
  return readMemories(definition).find((memory) => memory.snapshot === snapshot);
}

/** Records a snapshot's memory, replacing an earlier one of that name; the caller holds the machine's lock. */
export function recordMemory(definition: Definition, memory: SnapshotMemory): void {
  writeMemories(definition, [...others(definition, memory.snapshot), memory]);
}

export function forgetMemory(definition: Definition, snapshot: string): void {
  if (findMemory(definition, snapshot)) writeMemories(definition, others(definition, snapshot));
}

function others(definition: Definition, snapshot: string): SnapshotMemory[] {
  return readMemories(definition).filter((memory) => memory.snapshot !== snapshot);
}

function readMemories({ files }: Definition): SnapshotMemory[] {
  const record = readMachineRecord(files, files.snapshots, (text) => recordSchema.parse(JSON.parse(text)));
  return record?.memories ?? [];
}

function writeMemories({ files }: Definition, memories: SnapshotMemory[]): void {
  const record: z.infer<typeof recordSchema> = { version: 1, memories };
  replaceFile(files.snapshots, `${JSON.stringify(record, null, 2)}\n`);
}
