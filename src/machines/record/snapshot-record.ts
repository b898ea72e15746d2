import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { NoSpaceError } from '../../errors/index.ts';
import { bridgeMtuFields, withBridgeMtus } from '../../machine/state/bridge-mtus.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from './definition.ts';
import type { MachineFiles } from './machine-files.ts';
import { readMachineRecord } from './machine-record.ts';
import {
  type Lineage,
  UNKNOWN_LINEAGE,
  continued,
  lineageSchema,
  removed,
  taken,
} from './snapshot-lineage.ts';

const memorySchema = z
  .strictObject({
    snapshot: z.string(),
    /** False when it was paused. */
    wasRunning: z.boolean(),
    /** Such as `pc-q35-10.0`. */
    machineType: z.string(),
    rootPorts: z.array(z.string()),
    ...bridgeMtuFields,
    /** In the form of `hardwareOf`. */
    hardware: z.record(z.string(), z.string()),
  })
  .transform(withBridgeMtus);

const recordSchema = z.strictObject({
  version: z.literal(1),
  memories: z.array(memorySchema),
  lineage: lineageSchema.default(UNKNOWN_LINEAGE),
});

interface Recorded {
  readonly files: Pick<MachineFiles, 'directory' | 'snapshots'>;
}

type SnapshotRecord = Omit<z.infer<typeof recordSchema>, 'version'>;

/**
 * The hardware that a snapshot's memory belongs to. The disks define which snapshots exist: this record is written before
 * a snapshot is taken, and may name one that was not.
 */
export type SnapshotMemory = Readonly<z.infer<typeof memorySchema>>;

export function findMemory(definition: Definition, snapshot: string): SnapshotMemory | undefined {
  return read(definition).memories.find((memory) => memory.snapshot === snapshot);
}

/** Records a snapshot's memory, replacing an earlier one of that name; the caller holds the machine's lock. */
export function recordMemory(definition: Definition, memory: SnapshotMemory): void {
  const { memories, ...others } = read(definition);
  write(definition, { ...others, memories: [...without(memories, memory.snapshot), memory] });
}

export function readLineage(definition: Definition): Lineage {
  return read(definition).lineage;
}

/** Records a snapshot that is about to be taken; the caller holds the machine's lock. */
export function recordTaken(definition: Definition, snapshot: string): void {
  writeLineage(definition, taken(readLineage(definition), snapshot));
}

/** Records the snapshot that the disks continue from, undefined when it is not known; the caller holds the machine's lock. */
export function recordCurrent(definition: Definition, snapshot: string | undefined): void {
  writeLineage(definition, continued(readLineage(definition), snapshot));
}

export function writeLineage(definition: Recorded, lineage: Lineage): void {
  write(definition, { ...read(definition), lineage });
}

export function forgetSnapshot(definition: Definition, snapshot: string): void {
  const { memories, lineage } = read(definition);
  const left = { memories: without(memories, snapshot), lineage: removed(lineage, snapshot) };
  if (isDeepStrictEqual(left, { memories, lineage })) return;
  try {
    write(definition, left);
  } catch (error) {
    // Removing a snapshot is what frees a full disk, and the record may name snapshots that do not exist.
    if (!(error instanceof NoSpaceError)) throw error;
  }
}

function without(memories: readonly SnapshotMemory[], snapshot: string): SnapshotMemory[] {
  return memories.filter((memory) => memory.snapshot !== snapshot);
}

function read({ files }: Recorded): SnapshotRecord {
  const record = readMachineRecord(files, files.snapshots, (text) => recordSchema.parse(JSON.parse(text)));
  return record ?? { memories: [], lineage: UNKNOWN_LINEAGE };
}

function write({ files }: Recorded, { memories, lineage }: SnapshotRecord): void {
  const record: z.infer<typeof recordSchema> = { version: 1, memories, lineage };
  replaceFile(files.snapshots, `${JSON.stringify(record, null, 2)}\n`);
}
