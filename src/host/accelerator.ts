import { AcceleratorUnavailableError } from '../errors.ts';
import type { Host } from './host.ts';

export type RequestedAccelerator = 'auto' | 'kvm' | 'tcg';

/** What a machine runs under; `reason` says on one line why it is not KVM. */
export type Accelerator =
  { readonly kind: 'kvm'; readonly cpu: string } | { readonly kind: 'tcg'; readonly reason: string };

/** @throws AcceleratorUnavailableError when KVM is asked for where it was not proved. */
export function chooseAccelerator(
  requested: RequestedAccelerator,
  host: Pick<Host, 'accelerator'>,
): Accelerator {
  if (requested === 'tcg') return { kind: 'tcg', reason: 'asked for' };
  const { kvm } = host.accelerator;
  if (kvm.usable) return { kind: 'kvm', cpu: kvm.cpu };
  if (requested === 'kvm') throw new AcceleratorUnavailableError('kvm', kvm.reason, { hint: kvm.hint });
  return { kind: 'tcg', reason: kvm.reason };
}
