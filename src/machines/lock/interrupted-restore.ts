import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError, MachineStateError } from '../../errors/index.ts';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { isDiskOf } from '../plan/machine-plan.ts';
import { readMachineRecord } from '../record/machine-record.ts';
import { removeFile } from '../../util/files/removal.ts';

const noteSchema = z.strictObject({
  version: z.literal(1),
  snapshot: z.string(),
  /** QEMU changes the disks one after the other and cannot go back; qemu-img's changes can be undone. */
  by: z.enum(['qemu', 'qemu-img']),
  disks: z.array(z.string()),
});

type Note = Omit<z.infer<typeof noteSchema>, 'version'>;

/** From here until `endRestore` the disks may be of two moments, whoever is killed. */
export function beginRestore({ files }: Definition, note: Note): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.restoring, JSON.stringify(whole));
}

/** Before the guest runs: from then on nothing may be restored once more. */
export function endRestore({ files }: Definition): void {
  removeFile(files.restoring);
  syncDirectory(dirname(files.restoring));
}

export function isRestoring(files: Pick<MachineFiles, 'restoring'>): boolean {
  return existsSync(files.restoring);
}

/**
 * Brings the disks of a machine that does not run to one moment, after a restore that was interrupted: to that of the
 * snapshot where QEMU was at it, to what they were before where qemu-img was. What of the disks was taken and not used
 * then is given back.
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
      `${files.restoring} names ${foreign}, which is none of its disks`,
    );
  }
  const { repairLeaks, restoreDisks, undoBrokenRestore } =
    await import('../../machine/state/disks-snapshot.ts');
  await (by === 'qemu' ? restoreDisks(disks, snapshot) : undoBrokenRestore(disks));
  await repairLeaks(disks);
  endRestore(definition);
}

/** @throws MachineStateError for a machine that is paused with memory and disks of different moments, perhaps. */
export function refuseHalfRestored({ spec, files }: Definition): void {
  if (!isRestoring(files)) return;
  throw new MachineStateError(spec.name, 'paused', 'is half restored, and must not run like this', {
    hint: `restore the snapshot again, or start the machine anew with its disks: vmlet restart ${spec.name}`,
  });
}
