import { existsSync } from 'node:fs';
import * as z from 'zod';
import { removeUnlessWhole, repairLeaks } from '../../machine/state/disks-snapshot.ts';
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

/** From here until `endSnapshot` only some of the disks may have it, when we are killed, or QEMU is. */
export function beginSnapshot({ files }: Definition, note: Note): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.snapshotting, JSON.stringify(whole));
}

export function endSnapshot({ files }: Definition): void {
  removeFile(files.snapshotting);
}

/** Takes a snapshot that was not finished from the disks of a machine that does not run. */
export async function settleSnapshot(definition: Definition): Promise<void> {
  const { files } = definition;
  const note = readMachineRecord(files, files.snapshotting, (text) => noteSchema.parse(JSON.parse(text)));
  if (!note) return;
  const { snapshot, disks } = note;
  // One that the machine had is nobody's to change any more.
  const ours = disks.filter((path) => isDiskOf(definition, path) && existsSync(path));
  await removeUnlessWhole(ours, snapshot);
  await repairLeaks(ours);
  endSnapshot(definition);
}
