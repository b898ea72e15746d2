import { InvalidInputError } from '../../errors/index.ts';
import type { Accelerator } from '../../host/kvm/accelerator.ts';

/** Everything that depends on the architecture and was chosen by measurement; another architecture is another table. */

/** q35 boots Linux reliably under TCG, where microvm hangs half of the time. Devices that no guest of ours uses are off: each is a probe at boot. */
export const board = {
  type: 'q35',
  options: {
    hpet: 'off',
    smbus: 'off',
    sata: 'off',
    usb: 'off',
    vmport: 'off',
    graphics: 'off',
    i8042: 'off',
  },
} as const;

/** With what PCs have: installers and graphical systems look for it. */
export const fullBoard = {
  type: 'q35',
  options: { hpet: 'off', vmport: 'off', usb: 'off' },
} as const;

/**
 * The model of the processors: as asked for, else the one that was proved under KVM, or all that TCG has.
 * @throws InvalidInputError for the host's own processor without KVM.
 */
export function cpuModel(asked: string, accelerator: Accelerator): string {
  if (asked === 'host' && accelerator.kind === 'tcg') {
    throw new InvalidInputError(
      'cpu',
      `host needs KVM, and this machine runs without (${accelerator.reason})`,
      {
        hint: 'leave it out, or name a model: qemu-system-x86_64 -cpu help lists them',
      },
    );
  }
  if (asked !== 'auto') return asked;
  return accelerator.kind === 'kvm' ? accelerator.cpu : 'max';
}

/**
 * Linux counts the interrupts of its timer while it boots, and panics where too few come. A virtual timer always works, but
 * on a host with much to do a QEMU under TCG may not get the processor for so long (seen: "IO-APIC + timer doesn't work",
 * with 18 processes waiting for two processors). Under KVM Linux leaves the check out by itself.
 */
export const trustTimer = 'no_timer_check';

/** Kernel parameters of every kernel that we start for a machine that ends with its launcher. */
export const bootWords = ['console=ttyS0', 'panic=-1', trustTimer] as const;

/**
 * Modules that a guest does without when its kernel has none: a panic then looks like a reboot. The power button's is
 * not here: loading a module is noticed at each boot under TCG, and the agent powers off without it.
 */
export const optionalModules = ['pvpanic-mmio'] as const;

/** The kernel modules that a guest with these devices needs; the agent loads them. */
export function guestModules(devices: { readonly network: boolean; readonly disks: boolean }): string[] {
  return [...(devices.network ? ['virtio_net'] : []), ...(devices.disks ? ['virtio_blk'] : [])];
}
