import { existsSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { BrokenMachineError, MachineStateError } from '../../errors/index.ts';
import { bridgeMtuFields, withBridgeMtus } from '../../machine/state/bridge-mtus.ts';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import type { Definition } from './definition.ts';
import { readMachineRecord } from './machine-record.ts';
import { isPaused, readStatus } from './machine-status.ts';
import { removeFile } from '../../util/files/removal.ts';

const noteSchema = z
  .object({
    version: z.literal(1),
    wasRunning: z.boolean(),
    /** Such as `pc-q35-10.0`: q35 of another QEMU is another machine, which cannot load the memory. */
    machineType: z.string(),
    /** Disks may have been added and removed since its start. */
    rootPorts: z.array(z.string()),
    ...bridgeMtuFields,
  })
  .transform(withBridgeMtus);

/** Facts about saved memory that a resume needs. */
export type SavedNote = Omit<z.infer<typeof noteSchema>, 'version'>;

export function writeSavedNote(
  { files }: { readonly files: Pick<Definition['files'], 'savedStateNote'> },
  note: SavedNote,
): void {
  const whole: z.infer<typeof noteSchema> = { version: 1, ...note };
  replaceFile(files.savedStateNote, JSON.stringify(whole));
}

/** @throws BrokenMachineError when the note is missing or invalid. */
export function readSavedNote({ spec, files }: Definition): SavedNote {
  const { savedStateNote: path } = files;
  const note = readMachineRecord(files, path, (text) => noteSchema.parse(JSON.parse(text)));
  if (!note) {
    throw new BrokenMachineError(spec.name, `${path} is missing`, {
      hint: `discard the saved memory, and boot the machine: vmlet start --discard-saved ${spec.name}`,
    });
  }
  return note;
}

/** Removes the saved memory permanently, and leftovers of an interrupted save. */
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

/** True when QEMU has loaded the memory, but the process that was to let it run was killed. */
export function awaitsResume(definition: Definition): boolean {
  const { files } = definition;
  if (existsSync(files.savedState) || !existsSync(files.savedStateNote)) return false;
  return readSavedNote(definition).wasRunning;
}

/**
 * A start resumes from a file, or continues a resume whose process was killed.
 * @throws MachineStateError when neither exists, BrokenMachineError.
 */
export function requireSavedMemory(definition: Definition): void {
  const { spec, files } = definition;
  const status = readStatus(files);
  // A machine that runs has resumed; a leftover note is removed by its next start.
  const isHalfDone =
    status.kind === 'running' &&
    status.state !== 'running' &&
    (existsSync(files.savedState) || awaitsResume(definition));
  if (status.kind === 'saved' || isHalfDone) return;
  if (status.kind === 'running') {
    throw new MachineStateError(spec.name, status.kind, `is ${status.state}, and has no saved memory`, {
      hint: isPaused(status) ? `to resume the machine, run: vmlet resume ${spec.name}` : undefined,
    });
  }
  throw new MachineStateError(spec.name, status.kind, 'has no saved memory', {
    hint: `to boot the machine, run: vmlet start ${spec.name}`,
  });
}
