import type { Accelerator } from '../../host/kvm/accelerator.ts';

/** What a first boot takes under TCG, against KVM: installing packages and making keys is all processor. */
const TCG_FACTOR = 6;

/**
 * How long a guest gets for something when nobody says: six times as long where its processor is emulated.
 * @param milliseconds with KVM.
 */
export function guestTime(milliseconds: number, { kind }: Pick<Accelerator, 'kind'>): number {
  return kind === 'tcg' ? milliseconds * TCG_FACTOR : milliseconds;
}

/** By what the machine boots: a distribution's first boot installs programs and makes keys. */
const BOOT_MS = { kernel: 120_000, disk: 600_000 } as const;

/** How long a boot may take when nobody says. */
export function bootTimeoutMs(boot: keyof typeof BOOT_MS, accelerator: Pick<Accelerator, 'kind'>): number {
  return guestTime(BOOT_MS[boot], accelerator);
}
