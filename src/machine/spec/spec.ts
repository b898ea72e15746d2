import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { type Seed, type SeedOptions, parseSeedOptions } from '../../guest/seed/options.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import type { ImageProgress } from '../../images/pull/image-progress.ts';
import { MICRO } from '../../images/record/reference.ts';
import { type PortForward, type PortInput, parsePortForwards } from '../../network/ports/port.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import { parseOptions } from '../../util/options.ts';
import { type DiskSpec, parseDiskSpec } from './disk-spec.ts';
import { hostNameSchema } from '../../util/host-name.ts';
import { checkAppend } from './kernel-command-line.ts';
import { LIMITS, type LimitsInput, parseLimits } from './limits.ts';
import { parseMemory } from './memory-size.ts';
import { type NetworkInput, type NetworkPlace, parseNetworks } from '../network/network-place.ts';

const MiB = 1024 * 1024;
/** By what the machine boots. A distribution's first boot installs and makes keys; emulated, that takes minutes. */
export const BOOT_TIMEOUT_MS = { kernel: 120_000, disk: 600_000 } as const;

/** What the user of the library asks for. Everything is optional. */
export interface LaunchOptions {
  /**
   * Name of an image, as in `debian:13`; `micro`, the built-in small Linux, by default. With a slash it is the path of
   * a disk to boot from, as in `disks`. The guest writes into a throw-away overlay. Not together with `kernel`.
   */
  readonly image?: string;
  /**
   * Whether an image of the catalogue is looked up: where it is not in the store (`missing`, the default), even where it
   * is (`newer`: what is there will do where nobody can be reached; `always`: it does not), or never.
   */
  readonly pull?: PullPolicy;
  /** What the guest sees of the image's disk, as in `20G`, where that is to be more than the image's own. */
  readonly diskSize?: number | string;
  /** What a guest with cloud-init or the like becomes at its first boot. */
  readonly seed?: SeedOptions;
  /** What boots a disk; what its image needs, and `bios` for a path, by default. */
  readonly firmware?: 'bios' | 'uefi' | 'uefi-secure';
  /** Path of a Linux kernel to boot instead of an image's. */
  readonly kernel?: string;
  /** Path of an initramfs for `kernel`; the micro image's by default. */
  readonly initrd?: string;
  /** More of the kernel's command line, after ours: later words win. */
  readonly append?: string;
  /** A label for logs, process lists and the guest's host name; `vmlet` by default. */
  readonly name?: string;
  /** Bytes, or a size such as `512M`; 2 GiB by default, 256 MiB for `micro` and with `kernel`. */
  readonly memory?: number | string;
  /** Virtual processors, 1 by default. */
  readonly cpus?: number;
  /**
   * `2G` for a fresh disk of that size, or a path for a throw-away overlay that leaves the file untouched.
   * They are the guest's /dev/vda, /dev/vdb, … in this order.
   */
  readonly disks?: readonly (string | DiskSpec)[];
  /** Forwards in podman's grammar, `[ip:][host]:guest[/tcp|udp]`; bound to 127.0.0.1 unless told otherwise. */
  readonly ports?: readonly PortInput[];
  /** passt where it is installed, slirp otherwise, by default (`auto`). */
  readonly net?: 'auto' | 'passt' | 'slirp' | 'none';
  /**
   * Private networks that it is in beside `net`, 8 at most: a network, by which the others find it under its `name`, or
   * `{ network, name }` for another name there.
   */
  readonly networks?: readonly NetworkInput[];
  /**
   * Keeps the guest's packets where tests can delay and lose them (`NetworkFaults`): passt does not get the guest's
   * memory then (vhost-user), which is a fifth slower. False by default.
   */
  readonly faults?: boolean;
  /** `auto` (the default) takes KVM where it has been proved to work. */
  readonly accel?: 'auto' | 'kvm' | 'tcg';
  /**
   * What QEMU may use of the host at most, as in `{ cpus: 1.5, memory: '3G' }`: a cgroup of its own, by systemd, which has
   * to run for this user. No limit by default. Its helpers (passt) are not counted.
   */
  readonly limits?: LimitsInput;
  /**
   * What `launch` returns: a `Machine` once commands can run in the guest (`guest`, the default), or a
   * `RunningMachine` as soon as its processors run (`running`), for guests without vmlet's agent.
   */
  readonly until?: 'guest' | 'running';
  /** Milliseconds from QEMU's start until the guest must be ready; 120 000 by default, 600 000 for a disk. */
  readonly timeoutMs?: number;
  /** Aborting ends the launch, and later the machine. */
  readonly signal?: AbortSignal;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Called while the image has to be built or pulled first. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Called while a disk boots, with words on what cloud-init does there just now; each time the guest is asked. */
  readonly onBoot?: (doing: string) => void;
  /** Gets a copy of what the guest writes on its serial console. */
  readonly console?: Writable;
}

export const PULL_POLICIES = ['missing', 'newer', 'always', 'never'] as const;

export type PullPolicy = (typeof PULL_POLICIES)[number];

/** The options, validated and in one form each. Defaults that depend on the host are not yet chosen. */
export interface Spec {
  readonly name: string;
  readonly boot:
    | { readonly kind: 'image'; readonly image: string }
    | {
        readonly kind: 'disk';
        readonly path: string;
        readonly format: DiskFormat;
        readonly trusted: boolean;
      }
    | { readonly kind: 'kernel'; readonly kernel: string; readonly initrd: string | undefined };
  readonly pull: PullPolicy;
  /** Of the disk of an image of the store; undefined for the image's own. */
  readonly diskBytes: number | undefined;
  readonly seed: Seed | undefined;
  /** Undefined for what the image needs. */
  readonly firmware: 'bios' | 'uefi' | 'uefi-secure' | undefined;
  readonly append: string | undefined;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly disks: readonly DiskSpec[];
  readonly ports: readonly PortForward[];
  readonly net: 'auto' | 'passt' | 'slirp' | 'none';
  readonly networks: readonly NetworkPlace[];
  readonly faults: boolean;
  readonly accel: 'auto' | 'kvm' | 'tcg';
  readonly limits: HostShare | undefined;
  readonly until: 'guest' | 'running';
  readonly timeoutMs: number;
}

const launchOptionsSchema = z.strictObject({
  image: z.string().min(1).optional(),
  pull: z.enum(PULL_POLICIES).default('missing'),
  diskSize: z.union([z.number(), z.string()]).optional(),
  seed: z.custom<SeedOptions>((value) => typeof value === 'object' && value !== null).optional(),
  firmware: z.enum(['bios', 'uefi', 'uefi-secure']).optional(),
  kernel: z.string().min(1).optional(),
  initrd: z.string().min(1).optional(),
  append: z.string().optional(),
  name: hostNameSchema.default('vmlet'),
  memory: z.union([z.number(), z.string()], 'expected bytes, or a size such as 512M').optional(),
  cpus: z.int().min(1).max(255).default(1),
  disks: z
    .array(z.union([z.string(), z.looseObject({})], 'expected a size, a path or an object'))
    .default([]),
  ports: z.array(z.union([z.string(), z.looseObject({})], "expected a port in podman's grammar")).default([]),
  net: z.enum(['auto', 'passt', 'slirp', 'none']).default('auto'),
  faults: z.boolean().default(false),
  accel: z.enum(['auto', 'kvm', 'tcg']).default('auto'),
  limits: LIMITS.default('none'),
  until: z.enum(['guest', 'running']).default('guest'),
  timeoutMs: z
    .number()
    .positive()
    .max(2 ** 31 - 1)
    .optional(),
});

/** @throws InvalidInputError that names the field, what it held and what would be right. */
export function parseSpec(options: LaunchOptions): Spec {
  const {
    signal: _signal,
    log: _log,
    console: _console,
    onProgress: _onProgress,
    onBoot: _onBoot,
    networks = [],
    ...data
  } = options;
  const valid = parseOptions(launchOptionsSchema, data);
  if (valid.net === 'none' && valid.ports.length > 0) {
    throw new InvalidInputError('ports', 'a machine without a network has none to forward', {
      hint: 'leave out net: none, or the ports',
    });
  }
  checkAppend(valid.append);
  const boot = bootOf(valid);
  const small = boot.kind === 'kernel' || (boot.kind === 'image' && boot.image === MICRO);
  if (small) refuseForKernels(valid);
  refuseForFiles(valid, boot);
  const memoryBytes = parseMemory(valid.memory ?? (small ? 256 * MiB : 2048 * MiB));
  return {
    name: valid.name,
    boot,
    pull: valid.pull,
    diskBytes: valid.diskSize === undefined ? undefined : parseWholeSize(valid.diskSize, 'diskSize'),
    seed: valid.seed && parseSeedOptions(valid.seed),
    firmware: valid.firmware,
    append: valid.append,
    memoryBytes,
    cpus: valid.cpus,
    disks: (valid.disks as (string | DiskSpec)[]).map((disk, index) =>
      parseDiskSpec(disk, `disks[${index}]`),
    ),
    ports: parsePortForwards(valid.ports as PortInput[]),
    net: valid.net,
    networks: parseNetworks(networks, valid.name),
    faults: valid.faults,
    accel: valid.accel,
    limits: parseLimits(valid.limits, memoryBytes),
    until: valid.until,
    timeoutMs: valid.timeoutMs ?? BOOT_TIMEOUT_MS[small ? 'kernel' : 'disk'],
  };
}

function refuseForKernels(valid: { readonly [Key in 'seed' | 'firmware']?: unknown }): void {
  const given = (['seed', 'firmware'] as const).find((key) => valid[key] !== undefined);
  if (given === undefined) return;
  throw new InvalidInputError(given, 'is for a disk, and this machine boots a kernel directly', {
    hint: 'leave it out, or give an image with a disk, such as debian:13',
  });
}

function refuseForFiles({ diskSize }: { readonly diskSize?: unknown }, boot: Spec['boot']): void {
  if (diskSize === undefined || (boot.kind === 'image' && boot.image !== MICRO)) return;
  throw new InvalidInputError('diskSize', 'is for the disk that an image of the store gives', {
    hint: 'give image, such as debian:13',
  });
}

function bootOf(options: { [Key in 'image' | 'kernel' | 'initrd']?: string | undefined }): Spec['boot'] {
  if (options.kernel !== undefined && options.image !== undefined) {
    throw new InvalidInputError('kernel', 'cannot be given together with an image', {
      hint: 'leave out one of the two',
    });
  }
  if (options.kernel !== undefined) return { kind: 'kernel', kernel: options.kernel, initrd: options.initrd };
  if (options.initrd !== undefined) {
    throw new InvalidInputError('initrd', 'needs a kernel beside it', { hint: 'give kernel too' });
  }
  const image = options.image ?? MICRO;
  return image.includes('/') ? bootDiskOf(image) : { kind: 'image', image };
}

function bootDiskOf(image: string): Spec['boot'] {
  const disk = parseDiskSpec(image, 'image');
  if (!('path' in disk))
    throw new InvalidInputError('image', `${JSON.stringify(image)} is not the path of a disk`);
  return { kind: 'disk', path: disk.path, format: disk.format, trusted: disk.trusted ?? false };
}
