import { existsSync } from 'node:fs';
import { MachineStateError } from '../../errors/index.ts';
import type { Definition } from './definition.ts';
import { readStatus } from './machine-status.ts';
import { waitsToGoOn } from './saved-note.ts';

/**
 * A start goes on with a file, or with a QEMU that was being given it when whoever did so was killed.
 * @throws MachineStateError where there is neither, BrokenMachineError.
 */
export function requireSavedMemory(definition: Definition): void {
  const { spec, files } = definition;
  const status = readStatus(files);
  // One that runs has gone on; what is left of its note goes with its next start.
  const isHalfDone =
    status.kind === 'running' &&
    status.state !== 'running' &&
    (existsSync(files.savedState) || waitsToGoOn(definition));
  if (status.kind === 'saved' || isHalfDone) return;
  throw new MachineStateError(spec.name, status.kind, 'has no saved memory', {
    hint: `vmlet start ${spec.name} boots it`,
  });
}
