import { existsSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError } from '../../errors/index.ts';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import type { Definition } from './definition.ts';
import { readMachineRecord } from './machine-record.ts';
import { removeFile } from '../../util/files/removal.ts';

const noteSchema = z.object({
  version: z.literal(1),
  wasRunning: z.boolean(),
  /** As in `pc-q35-10.0`: another QEMU's q35 is another machine, which the memory does not fit. */
  machineType: z.string(),
  /** Disks may have come and gone since it was started. */
  rootPorts: z.array(z.string()),
});

/** What has to be known of saved memory to go on with it. */
export type SavedNote = Omit<z.infer<typeof noteSchema>, 'version'>;

export function writeSavedNote({ files }: Pick<Definition, 'files'>, note: SavedNote): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.savedStateNote, JSON.stringify(whole));
}

/** @throws BrokenMachineError where there is none, or none that can be understood. */
export function readSavedNote({ spec, files }: Definition): SavedNote {
  const { savedStateNote: path } = files;
  const note = readMachineRecord(files, path, (text) => noteSchema.parse(JSON.parse(text)));
  if (!note) throw new BrokenMachineError(spec.name, `${path} is missing`);
  return note;
}

/** What was saved is gone for good; what a save that was interrupted has left, too. */
export function discardSaved(definition: Pick<Definition, 'files'>): void {
  discardSavedMemory(definition);
  discardSavedNote(definition);
}

export function discardSavedMemory({ files }: Pick<Definition, 'files'>): void {
  removeFile(`${files.savedState}.partial`);
  if (existsSync(files.savedState)) {
    unlinkSync(files.savedState);
    syncDirectory(dirname(files.savedState));
  }
}

export function discardSavedNote({ files }: Pick<Definition, 'files'>): void {
  removeFile(files.savedStateNote);
}

/** Whether its memory was taken, and who was to let it run again was killed just then. */
export function waitsToGoOn(definition: Definition): boolean {
  const { files } = definition;
  if (existsSync(files.savedState) || !existsSync(files.savedStateNote)) return false;
  return readSavedNote(definition).wasRunning;
}
