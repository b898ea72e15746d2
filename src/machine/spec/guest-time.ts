import type { Accelerator } from '../../host/kvm/accelerator.ts';

/**
 * Slowdown of a first boot under TCG compared with KVM: installing packages and generating keys is all
 * processor time.
 */
const TCG_FACTOR = 6;

/**
 * Returns the default time limit for guest work: six times as long with an emulated processor.
 * @param milliseconds with KVM.
 */
export function guestTime(milliseconds: number, { kind }: Pick<Accelerator, 'kind'>): number {
  return kind === 'tcg' ? milliseconds * TCG_FACTOR : milliseconds;
}

/** By the kind of boot: a distribution's first boot installs programs and generates keys. */
const BOOT_MS = { kernel: 120_000, disk: 600_000 } as const;

/** Returns the default time limit of a boot. */
export function bootTimeoutMs(boot: keyof typeof BOOT_MS, accelerator: Pick<Accelerator, 'kind'>): number {
  return guestTime(BOOT_MS[boot], accelerator);
}
