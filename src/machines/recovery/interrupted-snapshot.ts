import { existsSync } from 'node:fs';
import * as z from 'zod';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import { isDiskOf } from '../plan/machine-plan.ts';
import { readMachineRecord } from '../record/machine-record.ts';
import { removeFile } from '../../util/files/removal.ts';

const noteSchema = z.strictObject({
  version: z.literal(1),
  snapshot: z.string(),
  disks: z.array(z.string()),
});

type Note = Omit<z.infer<typeof noteSchema>, 'version'>;

/** From now until `endSnapshot`, an interruption can leave the snapshot on only some of the disks. */
export function beginSnapshot({ files }: Definition, note: Note): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.snapshotting, JSON.stringify(whole));
}

export function endSnapshot({ files }: Definition): void {
  removeFile(files.snapshotting);
}

/** Removes an incomplete snapshot from the disks of a stopped machine. */
export async function settleSnapshot(definition: Definition): Promise<void> {
  const { files } = definition;
  const note = readMachineRecord(files, files.snapshotting, (text) => noteSchema.parse(JSON.parse(text)));
  if (!note) return;
  const { snapshot, disks } = note;
  // Disks that the machine no longer has must not be changed.
  const ours = disks.filter((path) => isDiskOf(definition, path) && existsSync(path));
  const { removeUnlessWhole, repairLeaks } = await import('../../machine/state/disks-snapshot.ts');
  await removeUnlessWhole(ours, snapshot);
  await repairLeaks(ours);
  endSnapshot(definition);
}
