import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { type Seed, type SeedOptions, parseSeedOptions } from '../../guest/seed/options.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import { parseImageReference, MICRO } from '../../images/record/reference.ts';
import { checkAppend } from '../../machine/spec/kernel-command-line.ts';
import { LIMITS, type LimitsInput, parseLimits } from '../../machine/spec/limits.ts';
import { parseMemory } from '../../machine/spec/memory-size.ts';
import { PULL_POLICIES, type PullPolicy } from '../../machine/spec/spec.ts';
import { type PortForward, type PortInput, parsePortForwards } from '../../network/ports/port.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import { parseOptions } from '../../util/options.ts';
import { recordOf } from '../../util/record-of.ts';
import { checkMachineName } from './machine-spec.ts';
import { type NewDisk, parseNewDisk } from './new-disk.ts';

/** What the user of the library asks for; all but the name may be left out. */
export interface CreateOptions {
  /** Letters, digits and inner hyphens, 63 at most; the guest's host name too. */
  readonly name: string;
  /** Bytes, or a size such as `2G`; 2 GiB by default, 256 MiB for `micro`. */
  readonly memory?: number | string;
  /** Virtual processors; 2 by default, 1 for `micro`. */
  readonly cpus?: number;
  /**
   * `20G` for an empty disk; `PATH[,format=qcow2|raw]` for an overlay on that file, which must not change any more;
   * with `,adopt` the file itself, with `,readonly` without writing. More: `,cache=none|unsafe`, `,nodiscard`.
   */
  readonly disks?: readonly string[];
  /**
   * An image, as in `debian:13`, or the path of a disk (with a slash in it): the first disk becomes an overlay on it.
   * `micro` boots without a disk.
   */
  readonly image?: string;
  /** See `LaunchOptions`; an image of the catalogue is pulled where it is `missing` by default. */
  readonly pull?: PullPolicy;
  /** Of the first disk with an image, as in `40G`; 20 GiB, or the image's own where that is more, by default. */
  readonly diskSize?: number | string;
  /** What a guest with cloud-init or the like becomes at its first boot; the machine's ssh key is always part of it. */
  readonly seed?: SeedOptions;
  /** With the path of a disk in `image`: write into the file itself. */
  readonly adopt?: boolean;
  /** Path of a CD image to boot from while the disks hold nothing to boot. */
  readonly iso?: string;
  /** Path of an install medium (or a tree) whose kernel and initramfs are started directly, once. */
  readonly location?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  /** The kernel's command line, with `location` or `kernel`; more of it with an image. */
  readonly append?: string;
  readonly ports?: readonly PortInput[];
  /** `auto` (the default) is passt where it is, else slirp; `bridge=NAME` for a bridge of the host's. */
  readonly net?: string;
  /** What its image needs by default, and `bios` without one. */
  readonly firmware?: 'bios' | 'uefi' | 'uefi-secure';
  /** A TPM 2.0 by swtpm; none by default. */
  readonly tpm?: boolean;
  /** `vnc` gives it a screen; the default, except for an image or a kernel. */
  readonly display?: 'vnc' | 'none';
  readonly accel?: 'auto' | 'kvm' | 'tcg';
  /** As in `LaunchOptions`. */
  readonly limits?: LimitsInput;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where ssh logs in; by default the user that the seed makes, and root without one. */
  readonly sshUser?: string;
  /** Refuses to be removed. */
  readonly protect?: boolean;
}

/** The options, validated and in one form each. */
export interface NewMachine {
  readonly name: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly disks: readonly NewDisk[];
  /** An image with a disk, which comes before the others. */
  readonly image:
    { readonly name: string; readonly pull: PullPolicy; readonly diskBytes: number | undefined } | undefined;
  readonly seed: Seed | undefined;
  readonly boot:
    | { readonly kind: 'firmware' }
    | { readonly kind: 'image'; readonly image: string; readonly append: string | undefined }
    | {
        readonly kind: 'kernel';
        readonly kernel: string;
        readonly initrd: string | undefined;
        readonly append: string | undefined;
      };
  readonly iso: string | undefined;
  readonly location: { readonly path: string; readonly append: string | undefined } | undefined;
  readonly ports: readonly PortForward[];
  readonly net: 'auto' | 'passt' | 'slirp' | 'none' | 'bridge';
  readonly bridge: string | undefined;
  /** Undefined for what the image needs. */
  readonly firmware: 'bios' | 'uefi' | 'uefi-secure' | undefined;
  readonly tpm: boolean;
  readonly display: 'vnc' | 'none';
  readonly accel: 'auto' | 'kvm' | 'tcg';
  readonly limits: HostShare | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly sshUser: string | undefined;
  readonly protected: boolean;
}

const MiB = 1024 * 1024;
/** Linux's limit for the name of an interface, without what a shell or QEMU would not take. */
const BRIDGE_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}$/;

const optionsSchema = z.strictObject({
  name: z.string(),
  memory: z.union([z.number(), z.string()]).optional(),
  cpus: z.int().min(1).max(255).optional(),
  disks: z.array(z.string()).default([]),
  image: z.string().min(1).optional(),
  pull: z.enum(PULL_POLICIES).default('missing'),
  diskSize: z.union([z.number(), z.string()]).optional(),
  seed: z.custom<SeedOptions>((value) => typeof value === 'object' && value !== null).optional(),
  adopt: z.boolean().default(false),
  iso: z.string().min(1).optional(),
  location: z.string().min(1).optional(),
  kernel: z.string().min(1).optional(),
  initrd: z.string().min(1).optional(),
  append: z.string().optional(),
  ports: z.array(z.union([z.string(), z.looseObject({})])).default([]),
  net: z.string().default('auto'),
  firmware: z.enum(['bios', 'uefi', 'uefi-secure']).optional(),
  tpm: z.boolean().default(false),
  display: z.enum(['vnc', 'none']).optional(),
  accel: z.enum(['auto', 'kvm', 'tcg']).default('auto'),
  limits: LIMITS.default('none'),
  labels: recordOf(z.string().min(1), z.string()).default({}),
  sshUser: z
    .string()
    .regex(/^[a-z_][a-z0-9_.-]*$/i, 'expected the name of a user')
    .optional(),
  protect: z.boolean().default(false),
});

/** @throws InvalidInputError that names the field, what it held and what would be right. */
export function parseCreateOptions(options: CreateOptions): NewMachine {
  const valid = parseOptions(optionsSchema, options);
  checkMachineName(valid.name);
  refuseContradictions(valid);
  checkAppend(valid.append);
  const boot = bootOf(valid);
  const small = boot.kind === 'image';
  const imageDisk = valid.image?.includes('/') ? [imageAsDisk(valid.image, valid.adopt)] : [];
  const ports = parsePortForwards(valid.ports as PortInput[]);
  const { net, bridge } = parseNet(valid.net);
  if ((net === 'none' || net === 'bridge') && ports.length > 0) {
    throw new InvalidInputError('ports', `a machine with net ${valid.net} has no forwards`, {
      hint:
        net === 'bridge' ? 'on a bridge it is reached at its own address' : 'leave out the ports, or the net',
    });
  }
  const memoryBytes = parseMemory(valid.memory ?? (small ? 256 * MiB : 2048 * MiB));
  return {
    name: valid.name,
    memoryBytes,
    cpus: valid.cpus ?? (small ? 1 : 2),
    disks: [...imageDisk, ...valid.disks.map((disk, index) => parseNewDisk(disk, `disks[${index}]`))],
    image: storedImageOf(valid),
    seed: valid.seed && parseSeedOptions(valid.seed),
    boot,
    iso: valid.iso,
    location: valid.location === undefined ? undefined : { path: valid.location, append: valid.append },
    ports,
    net,
    bridge,
    firmware: valid.firmware,
    tpm: valid.tpm,
    display: valid.display ?? (boot.kind === 'firmware' ? 'vnc' : 'none'),
    accel: valid.accel,
    limits: parseLimits(valid.limits, memoryBytes),
    labels: valid.labels,
    sshUser: valid.sshUser,
    protected: valid.protect,
  };
}

type Valid = z.infer<typeof optionsSchema>;

function refuseContradictions(valid: Valid): void {
  const sources = (['kernel', 'location', 'iso'] as const).filter((key) => valid[key] !== undefined);
  if (sources.length > 1) {
    throw new InvalidInputError(sources.join(', '), 'say different things about what to boot', {
      hint: 'give one of them',
    });
  }
  if (valid.image === MICRO && sources.length > 0) {
    throw new InvalidInputError('image', `cannot be given together with ${sources[0] ?? ''}`);
  }
  if (valid.initrd !== undefined && valid.kernel === undefined) {
    throw new InvalidInputError('initrd', 'needs a kernel beside it', { hint: 'give kernel too' });
  }
  const takesAppend = valid.kernel !== undefined || valid.location !== undefined || valid.image === MICRO;
  if (valid.append !== undefined && !takesAppend) {
    throw new InvalidInputError('append', 'is for a kernel, and this machine boots from its disk', {
      hint: 'give location or kernel too',
    });
  }
  if (valid.adopt && !(valid.image?.includes('/') ?? false)) {
    throw new InvalidInputError('adopt', 'needs the path of a disk in image', {
      hint: 'a path has a slash in it, as in ./disk.qcow2',
    });
  }
  const isStored = valid.image !== undefined && valid.image !== MICRO && !valid.image.includes('/');
  if (valid.diskSize !== undefined && !isStored) {
    throw new InvalidInputError('diskSize', 'is for the disk that an image of the store gives', {
      hint: 'give image, such as debian:13, or resize a disk: vmlet disk resize',
    });
  }
  if (valid.firmware !== undefined && valid.firmware !== 'bios' && valid.image === MICRO) {
    throw new InvalidInputError(
      'firmware',
      `${valid.firmware} cannot boot micro, whose kernel starts directly`,
      {
        hint: 'leave it out, or give an image with a disk, such as debian:13',
      },
    );
  }
  if (valid.seed !== undefined && (valid.image === MICRO || valid.kernel !== undefined)) {
    throw new InvalidInputError('seed', 'is for a disk, and this machine boots a kernel directly');
  }
  const bootable =
    sources.length > 0 || valid.image !== undefined || valid.disks.some((disk) => disk.includes('/'));
  if (!bootable) {
    throw new InvalidInputError('image', `there is nothing to boot ${valid.name} from`, {
      hint: 'give image (a disk file, or micro), iso, location or kernel',
    });
  }
}

function bootOf({ image, kernel, initrd, append }: Valid): NewMachine['boot'] {
  if (kernel !== undefined) return { kind: 'kernel', kernel, initrd, append };
  if (image === MICRO) return { kind: 'image', image, append };
  return { kind: 'firmware' };
}

function storedImageOf({ image, pull, diskSize }: Valid): NewMachine['image'] {
  if (image === undefined || image === MICRO || image.includes('/')) return undefined;
  parseImageReference(image);
  return {
    name: image,
    pull,
    diskBytes: diskSize === undefined ? undefined : parseWholeSize(diskSize, 'diskSize'),
  };
}

function imageAsDisk(image: string, adopt: boolean): NewDisk {
  return parseNewDisk(adopt ? `${image},adopt` : image, 'image');
}

/** @throws InvalidInputError */
export function parseNet(text: string): Pick<NewMachine, 'net' | 'bridge'> {
  if (text === 'auto' || text === 'passt' || text === 'slirp' || text === 'none') {
    return { net: text, bridge: undefined };
  }
  const bridge = /^bridge=(.*)$/.exec(text)?.[1];
  if (bridge !== undefined && BRIDGE_NAME.test(bridge)) return { net: 'bridge', bridge };
  throw new InvalidInputError('net', `${JSON.stringify(text)} is not a network`, {
    hint: 'expected auto, passt, slirp, none or bridge=NAME',
  });
}
