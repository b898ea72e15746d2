import { join } from 'node:path';
import { replaceFile } from '../../util/files/atomic-file.ts';
import type { Definition } from '../record/definition.ts';
import { type MachineSpec, formatMachineSpec } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { removeFile } from '../../util/files/removal.ts';

/**
 * Returns the machine as its next start sees it. An installer that has rebooted, or powered off by itself, is finished;
 * one that crashed, or was ended from outside, starts again.
 */
export function afterInstaller(definition: Definition): Definition {
  const { spec, files } = definition;
  if (!spec.installer) return definition;
  const status = readStatus(files);
  if (status.kind !== 'stopped') return definition;
  const { outcome } = status;
  const isDone = outcome.kind === 'reboot' || (outcome.kind === 'power-off' && !outcome.requested);
  return isDone ? { spec: withoutInstaller(spec), files } : definition;
}

/** Makes the machine boot from its disk from now on. The caller holds its lock. */
export function forgetInstaller({ spec, files }: Definition): void {
  replaceFile(files.spec, formatMachineSpec(withoutInstaller(spec)));
  for (const file of [spec.installer?.kernel, spec.installer?.initrd])
    if (file !== undefined) removeFile(join(files.directory, file));
}

function withoutInstaller({ installer: _installer, ...spec }: MachineSpec): MachineSpec {
  return spec;
}
