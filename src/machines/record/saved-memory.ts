import { existsSync } from 'node:fs';
import { MachineStateError } from '../../errors/index.ts';
import type { Definition } from './definition.ts';
import { readStatus } from './machine-status.ts';
import { awaitsResume } from './saved-note.ts';

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
      hint: status.state === 'paused' ? `to resume the machine, run: vmlet resume ${spec.name}` : undefined,
    });
  }
  throw new MachineStateError(spec.name, status.kind, 'has no saved memory', {
    hint: `to boot the machine, run: vmlet start ${spec.name}`,
  });
}
