import * as z from 'zod';
import { ACCELERATORS } from '../../host/kvm/accelerator.ts';
import { withFlag } from './option-flag.ts';

/**
 * A model name contains a letter: a number is probably meant for `cpus`, and a comma would start further QEMU
 * options.
 */
const CPU_MODEL = /^(?=.*[a-z])[\w.-]+$/i;

/** Options that can be changed on an existing machine. */
export const hardware = {
  /** Number of virtual processors. */
  cpus: withFlag(z.int().min(1).max(255), {
    flag: '--cpus <n>',
    group: 'Hardware',
    description: 'virtual processors',
  }),
  /** `auto` uses KVM if it has been proved to work. */
  accel: withFlag(z.enum(ACCELERATORS), {
    flag: '--accel <kind>',
    group: 'Hardware',
    description: 'accelerator: auto is KVM if it works, else TCG (slow)',
  }),
  /** A QEMU processor model, as in `Nehalem`; or `auto`. */
  cpu: withFlag(z.string().regex(CPU_MODEL, 'expected the name of a processor model, or auto'), {
    flag: '--cpu <model>',
    group: 'Hardware',
    description: 'QEMU processor model, such as Nehalem',
  }),
};

/** Options that a plan copies unchanged from a spec. */
export const hardwareOptions = {
  /** Number of virtual processors. */
  cpus: hardware.cpus,
  /** `auto` (the default) uses KVM if it has been proved to work. */
  accel: hardware.accel.default('auto'),
  /**
   * A QEMU processor model, as in `Nehalem` (`qemu-system-x86_64 -cpu help` lists them). `auto` (the default)
   * is the host's processor under KVM, and everything that QEMU emulates under TCG.
   */
  cpu: hardware.cpu.default('auto'),
};

export type Hardware = Readonly<z.output<z.ZodObject<typeof hardwareOptions>>>;

/** Copies only the hardware options that were given. */
export function hardwareOf(options: Hardware): Hardware;
export function hardwareOf(options: {
  readonly [Option in keyof Hardware]?: Hardware[Option] | undefined;
}): Partial<Hardware>;
export function hardwareOf(options: object): Partial<Hardware> {
  const given = Object.entries(options).filter(([key, value]) => key in hardware && value !== undefined);
  return Object.fromEntries(given);
}
