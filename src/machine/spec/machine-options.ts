import * as z from 'zod';
import type { SeedOptions } from '../../guest/seed/options.ts';
import { FIRMWARE_KINDS } from '../../host/firmware/firmware.ts';
import { ACCELERATORS } from '../../host/kvm/accelerator.ts';
import type { PortInput } from '../../network/ports/port.ts';
import type { LimitsInput } from './limits.ts';
import { withFlag } from './option-flag.ts';

// Options of all machines, throw-away and named ones, each once: what it can be, its type and its flag.

export const PULL_POLICIES = ['missing', 'newer', 'always', 'never'] as const;

export type PullPolicy = (typeof PULL_POLICIES)[number];

/** A name with a letter in it: a number is meant for `cpus`, and what follows a comma would be options of QEMU's. */
const CPU_MODEL = /^(?=.*[a-z])[\w.-]+$/i;

const hardware = {
  cpus: withFlag(z.int().min(1).max(255), {
    flag: '--cpus <n>',
    group: 'Hardware',
    description: 'virtual processors',
  }),
  accel: withFlag(z.enum(ACCELERATORS), {
    flag: '--accel <kind>',
    group: 'Hardware',
    description: 'accelerator',
  }),
  cpu: withFlag(z.string().regex(CPU_MODEL, 'expected the name of a processor model, or auto'), {
    flag: '--cpu <model>',
    group: 'Hardware',
    description: "processor model of QEMU's, such as Nehalem",
  }),
};

/** What a plan takes from a spec as it was asked for. */
export const hardwareOptions = {
  /** Virtual processors. */
  cpus: hardware.cpus,
  /** `auto` (the default) takes KVM where it has been proved to work. */
  accel: hardware.accel.default('auto'),
  /**
   * A processor model of QEMU's, as in `Nehalem` (`qemu-system-x86_64 -cpu help` lists them). `auto` (the default) is the
   * host's processor under KVM, and all that QEMU emulates under TCG.
   */
  cpu: hardware.cpu.default('auto'),
};

export type Hardware = Readonly<z.output<z.ZodObject<typeof hardwareOptions>>>;

/** What can be asked of a machine that is there, as of one that is made. */
export const changeOptions = z
  .object({
    /** Bytes, or a size such as `512M`. */
    memory: withFlag(z.union([z.number(), z.string()], 'expected bytes, or a size such as 512M'), {
      flag: '-m, --memory <size>',
      group: 'Hardware',
      description: 'memory such as 512M or 4G',
    }),
    ...hardware,
    limits: withFlag(
      // `parseLimits` reads what is in it.
      z.custom<LimitsInput>(isTextOrObject, 'expected an object or a text'),
      {
        flag: '--limit <limits>',
        group: 'Hardware',
        description: 'what systemd lets QEMU use of the host, cpus=1.5,memory=3G',
      },
    ),
    /** More of the kernel's command line, after ours: later words win. */
    append: withFlag(z.string(), {
      flag: '--append <words>',
      group: 'Boot',
      description: "more of the kernel's command line",
    }),
  })
  .partial().shape;

/** What is asked of every machine that is made. */
export const makeOptions = {
  ...changeOptions,
  ...hardwareOptions,
  /**
   * What QEMU may use of the host at most, as in `{ cpus: 1.5, memory: '3G' }`: a cgroup of its own, by systemd, which has
   * to run for this user. No limit by default. Its helpers (passt) are not counted.
   */
  limits: changeOptions.limits.default('none'),
  /** Forwards in podman's grammar, `[ip:][host]:guest[/tcp|udp]`; bound to 127.0.0.1 unless told otherwise. */
  ports: withFlag(
    z
      .array(z.custom<PortInput>(isTextOrObject, "expected a port in podman's grammar"))
      .readonly()
      .default([]),
    {
      flag: '-p, --publish <port>',
      group: 'Network',
      description: 'forward a port, [ip:][host]:guest[/tcp|udp]',
    },
  ),
  /** Path of a Linux kernel to boot instead of an image's. */
  kernel: withFlag(z.string().min(1).optional(), {
    flag: '--kernel <file>',
    group: 'Boot',
    description: 'boot this Linux kernel',
  }),
  /** Path of an initramfs for `kernel`; the micro image's by default. */
  initrd: withFlag(z.string().min(1).optional(), {
    flag: '--initrd <file>',
    group: 'Boot',
    description: 'initramfs for --kernel',
  }),
  /**
   * Whether an image of the catalogue is looked up: where it is not in the store (`missing`, the default), even where it
   * is (`newer`: what is there will do where nobody can be reached; `always`: it does not), or never.
   */
  pull: withFlag(z.enum(PULL_POLICIES).default('missing'), {
    flag: '--pull <when>',
    group: 'Boot',
    description: 'when to get the image from its publisher',
  }),
  /** What the guest sees of the image's disk, as in `20G`, where that is to be more than the image's own. */
  diskSize: withFlag(z.union([z.number(), z.string()]).optional(), {
    flag: '--disk-size <size>',
    group: 'Disks',
    description: "size of the image's disk in the guest",
    otherwise: "the image's own",
  }),
  /** What boots a disk; what its image needs, and `bios` for a path, by default. */
  firmware: withFlag(z.enum(FIRMWARE_KINDS).optional(), {
    flag: '--firmware <kind>',
    group: 'Boot',
    description: 'what boots a disk',
    otherwise: 'what its image needs, else bios',
  }),
  /** What a guest with cloud-init or the like becomes at its first boot. */
  seed: z.custom<SeedOptions>(isObject).optional(),
};

/** Leaves out what is no hardware, and what was not given. */
export function hardwareOf(options: Hardware): Hardware;
export function hardwareOf(options: {
  readonly [Option in keyof Hardware]?: Hardware[Option] | undefined;
}): Partial<Hardware>;
export function hardwareOf(options: object): Partial<Hardware> {
  const given = Object.entries(options).filter(([key, value]) => key in hardware && value !== undefined);
  return Object.fromEntries(given);
}

export function isTextOrObject(value: unknown): boolean {
  return typeof value === 'string' || isObject(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
