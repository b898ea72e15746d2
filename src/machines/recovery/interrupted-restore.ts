import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError, MachineStateError } from '../../errors/index.ts';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { isDiskOf } from '../plan/machine-plan.ts';
import { readMachineRecord } from '../record/machine-record.ts';
import { recordCurrent } from '../record/snapshot-record.ts';
import { removeFile } from '../../util/files/removal.ts';
import { settleSnapshot } from './interrupted-snapshot.ts';

const noteSchema = z.strictObject({
  version: z.literal(1),
  snapshot: z.string(),
  /** QEMU changes the disks one by one and cannot undo it; changes by qemu-img can be undone. */
  by: z.enum(['qemu', 'qemu-img']),
  disks: z.array(z.string()),
});

type Note = Omit<z.infer<typeof noteSchema>, 'version'>;

/** From now until `endRestore`, an interruption can leave disks from different moments. */
export function beginRestore({ files }: Definition, note: Note): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.restoring, JSON.stringify(whole));
}

/** Called before the guest runs: afterwards a restore must not be repeated. */
export function endRestore({ files }: Definition): void {
  removeFile(files.restoring);
  syncDirectory(dirname(files.restoring));
}

export function isRestoring(files: Pick<MachineFiles, 'restoring'>): boolean {
  return existsSync(files.restoring);
}

/** Makes the disks of a stopped machine consistent after an interrupted restore, and then after an interrupted snapshot. */
export async function settleInterrupted(definition: Definition): Promise<void> {
  await settleRestore(definition);
  await settleSnapshot(definition);
}

/**
 * Makes the disks of a stopped machine consistent after an interrupted restore: if QEMU was restoring, it completes the
 * restore; if qemu-img was, it undoes it. Leaked clusters of the disks are freed.
 */
export async function settleRestore(definition: Definition): Promise<void> {
  const { files } = definition;
  const note = readMachineRecord(files, files.restoring, (text) => noteSchema.parse(JSON.parse(text)));
  if (!note) return;
  const { by, snapshot, disks } = note;
  const foreign = disks.find((path) => !isDiskOf(definition, path));
  if (foreign !== undefined) {
    throw new BrokenMachineError(
      definition.spec.name,
      `${files.restoring} contains the path ${foreign}, which is not a disk of the machine`,
    );
  }
  const { repairLeaks, restoreDisks, undoBrokenRestore } =
    await import('../../machine/state/disks-snapshot.ts');
  await (by === 'qemu' ? restoreDisks(disks, snapshot) : undoBrokenRestore(disks));
  await repairLeaks(disks);
  endRestore(definition);
  // qemu-img may have been killed after the last disk as well as before the first.
  recordCurrent(definition, by === 'qemu' ? snapshot : undefined);
}

/** @throws MachineStateError for a paused machine whose memory and disks may be from different moments. */
export function refuseHalfRestored({ spec, files }: Definition): void {
  if (!isRestoring(files)) return;
  throw new MachineStateError(
    spec.name,
    'paused',
    'is only partly restored from a snapshot, and cannot run',
    {
      hint: `restore the snapshot again (vmlet snapshot restore ${spec.name} SNAPSHOT), or restart the machine from its disks: vmlet restart ${spec.name}`,
    },
  );
}
