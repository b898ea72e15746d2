import type { VolumePlan } from '../../machine/plan/plan.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import type { Definition } from './definition.ts';
import { findPlan } from './machine-plan-file.ts';
import { readStatus } from './machine-status.ts';

/** A volume as a machine has it. */
export type VolumeInUse = Pick<VolumePlan, 'name' | 'target' | 'readOnly'>;

/**
 * Returns the volumes of a machine: those of its definition, and those that were removed from it while the machine is
 * running. QEMU keeps the latter until it ends.
 * @throws BrokenMachineError
 */
export function volumesInUse({ spec, files }: Definition): VolumeInUse[] {
  const plan = readStatus(files).kind === 'running' ? findPlan(files) : undefined;
  return joinVolumes(spec, plan?.volumes ?? []);
}

/** @param attached the volumes that QEMU has. */
export function joinVolumes(
  { volumes = [] }: Pick<MachineSpec, 'volumes'>,
  attached: readonly VolumeInUse[],
): VolumeInUse[] {
  const removed = attached.filter(
    ({ name, target }) => !volumes.some((one) => one.name === name && one.target === target),
  );
  return [...volumes, ...removed].map(({ name, target, readOnly }) => ({ name, target, readOnly }));
}
