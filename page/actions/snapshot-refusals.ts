import type { Snapshot, SoundMachine } from '../api/types.ts';

/** Why the machine cannot take a snapshot as it is now; empty if it can. */
export function whyNotTaken({ status, spec }: Pick<SoundMachine, 'status' | 'spec'>): string {
  if (status.kind === 'saved') return 'not possible while the machine has saved memory';
  if (spec.command?.remove === true) return 'not possible for a machine that is removed after its command';
  return '';
}

/** Why the snapshot cannot be restored as the machine is now; empty if it can. */
export function whyNotRestored(
  { status }: Pick<SoundMachine, 'status'>,
  { memoryBytes }: Pick<Snapshot, 'memoryBytes'>,
): string {
  if (status.kind === 'saved') return 'cannot be restored while the machine has saved memory';
  if (status.kind === 'running' && memoryBytes === 0) return 'cannot be restored while the machine runs';
  return '';
}
