import { AcceleratorUnavailableError } from '../../errors/index.ts';
import { type CpuLevel, hasCpuLevel } from '../../util/cpu-level.ts';
import type { Host } from '../survey/host.ts';

/** What can be asked for. */
export const ACCELERATORS = ['auto', 'kvm', 'tcg'] as const;

export type RequestedAccelerator = (typeof ACCELERATORS)[number];

/** What a machine runs under; `reason` says on one line why it is not KVM. */
export type Accelerator =
  { readonly kind: 'kvm'; readonly cpu: string } | { readonly kind: 'tcg'; readonly reason: string };

/**
 * @param level what the guest's programs are compiled for; the processor that TCG emulates has all levels.
 * @throws AcceleratorUnavailableError when KVM is asked for where it was not proved, or has too little.
 */
export function chooseAccelerator(
  requested: RequestedAccelerator,
  { accelerator: { kvm } }: Pick<Host, 'accelerator'>,
  level: CpuLevel = 'x86-64',
): Accelerator {
  if (requested === 'tcg') return { kind: 'tcg', reason: 'asked for' };
  if (kvm.usable && hasCpuLevel(kvm.level, level)) return { kind: 'kvm', cpu: kvm.cpu };
  const { reason, hint } = kvm.usable ? lackOf(kvm.level, level) : kvm;
  if (requested === 'kvm') throw new AcceleratorUnavailableError('kvm', reason, { hint });
  return { kind: 'tcg', reason };
}

function lackOf(offered: CpuLevel, needed: CpuLevel): { readonly reason: string; readonly hint: string } {
  return {
    reason: `the image needs a processor of level ${needed}, and here it has ${offered} under KVM`,
    hint: 'take an older release of it, or --accel tcg, which is several times slower',
  };
}
