import { AcceleratorUnavailableError } from '../../errors/index.ts';
import { type CpuLevel, hasCpuLevel } from '../../util/system/cpu-level.ts';
import type { Host } from '../survey/host.ts';

/** Accepted values of the option. */
export const ACCELERATORS = ['auto', 'kvm', 'tcg'] as const;

export type RequestedAccelerator = (typeof ACCELERATORS)[number];

/** The accelerator of a machine; `reason` explains on one line why it is not KVM. */
export type Accelerator =
  { readonly kind: 'kvm'; readonly cpu: string } | { readonly kind: 'tcg'; readonly reason: string };

/**
 * @param level the CPU level that the guest's programs need; TCG's emulated processor has all levels.
 * @throws AcceleratorUnavailableError when KVM is requested but was not proved, or lacks the level.
 */
export function chooseAccelerator(
  requested: RequestedAccelerator,
  { accelerator: { kvm } }: Pick<Host, 'accelerator'>,
  level: CpuLevel = 'x86-64',
): Accelerator {
  if (requested === 'tcg') return { kind: 'tcg', reason: 'requested' };
  if (kvm.usable && hasCpuLevel(kvm.level, level)) return { kind: 'kvm', cpu: kvm.cpu };
  const { reason, hint } = kvm.usable ? lackOf(kvm.level, level) : kvm;
  if (requested === 'kvm') throw new AcceleratorUnavailableError('kvm', reason, { hint });
  return { kind: 'tcg', reason };
}

function lackOf(offered: CpuLevel, needed: CpuLevel): { readonly reason: string; readonly hint: string } {
  return {
    reason: `the image needs CPU level ${needed}, but KVM offers only ${offered} here`,
    hint: 'use an older release of the image, or --accel tcg, which is several times slower',
  };
}
