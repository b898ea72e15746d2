import { InvalidInputError } from '../../errors/index.ts';
import type { Accelerator } from '../../host/kvm/accelerator.ts';
import type { Plan } from './plan.ts';

/**
 * Everything that depends on the architecture and was chosen by measurement. Another architecture needs its
 * own table.
 */

/**
 * q35 boots Linux reliably under TCG; microvm hangs half of the time. Devices that no guest uses are off,
 * because each costs a probe at boot.
 */
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

/** With the usual devices of PCs, which installers and graphical systems probe for. */
export const fullBoard = {
  type: 'q35',
  options: { hpet: 'off', vmport: 'off', usb: 'off' },
} as const;

/**
 * Returns the processor model: the requested one, otherwise the proven one under KVM, or all features of TCG.
 * @throws InvalidInputError for the host's own processor without KVM.
 */
export function cpuModel(asked: string, accelerator: Accelerator): string {
  if (asked === 'host' && accelerator.kind === 'tcg') {
    const { reason } = accelerator;
    const problem = reason === 'requested' ? 'but --accel tcg was given' : `which is not usable: ${reason}`;
    throw new InvalidInputError('cpu', `"host" requires KVM, ${problem}`, {
      hint: 'leave out --cpu, or choose another model; to list the models, run: qemu-system-x86_64 -cpu help',
    });
  }
  if (asked !== 'auto') return asked;
  return accelerator.kind === 'kvm' ? accelerator.cpu : 'max';
}

/**
 * Linux counts timer interrupts while booting, and panics when too few arrive. A virtual timer always works,
 * but on a busy host QEMU under TCG may not get a processor for that long (seen: "IO-APIC + timer doesn't
 * work", with 18 processes waiting for two processors). Under KVM, Linux skips the check by itself.
 */
export const trustTimer = 'no_timer_check';

/** Kernel parameters for every directly booted machine that ends with its launcher. */
export const bootParameters = ['console=ttyS0', 'panic=-1', trustTimer] as const;

/**
 * Modules that are optional in a guest. Without pvpanic, a panic looks like a reboot. The power button's
 * module is not included: under TCG each module slows down the boot, and the agent can power off without it.
 */
export const optionalModules = ['pvpanic-mmio'] as const;

/** Returns the kernel modules that a guest with these devices needs; the agent loads them. */
export function guestModules(devices: { readonly network: boolean; readonly disks: boolean }): string[] {
  return [...(devices.network ? ['virtio_net'] : []), ...(devices.disks ? ['virtio_blk'] : [])];
}

/** Returns those that the devices of a throw-away machine need. */
export function modulesOf({
  network,
  cards,
  disks,
  volumes,
}: Pick<Plan, 'network' | 'cards' | 'disks' | 'volumes'>): string[] {
  return guestModules({
    network: network !== undefined || cards.length > 0,
    disks: disks.length + volumes.length > 0,
  });
}
