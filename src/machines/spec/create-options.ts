import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { type Seed, parseSeedOptions } from '../../guest/seed/options.ts';
import type { FirmwareKind } from '../../host/firmware/firmware.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import { HOST, MICRO, parseImageReference } from '../../images/record/reference.ts';
import { checkAppend } from '../../machine/spec/kernel-command-line.ts';
import { parseLimits } from '../../machine/spec/limits.ts';
import {
  type Hardware,
  type PullPolicy,
  hardwareOf,
  makeOptions,
  shareOptions,
} from '../../machine/spec/machine-options.ts';
import { type MountSet, parseMounts } from '../../machine/share/mount-set.ts';
import { parseMemory } from '../../machine/spec/memory-size.ts';
import { flagsOf, reworded, withFlag } from '../../machine/spec/option-flag.ts';
import { type Published, parsePublished } from '../../network/ports/socket-forward.ts';
import type { WantedMembership } from '../../network/private/membership.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import { parseOptions } from '../../util/options.ts';
import { recordOf } from '../../util/record-of.ts';
import { type MachineCommand, type MachineSpec, checkMachineName, commandSchema } from './machine-spec.ts';
import { namedOptions, parseCards } from './named-options.ts';
import { type NewDisk, parseNewDisk } from './new-disk.ts';
import { refuseCopies } from './stored-mounts.ts';

const createSchema = z.strictObject({
  /** Letters, digits and inner hyphens, at most 63; also the guest's host name. */
  name: z.string(),
  /**
   * An image such as `debian:13`, or the path of a disk, with a slash: the first disk becomes an overlay on it. `micro`
   * mounts a disk of its own at /data, unless disks are given.
   */
  image: withFlag(z.string().min(1).optional(), {
    flag: '--image <image>',
    group: 'Boot',
    description: 'boot from an image such as debian:13, from a disk FILE (with a slash), or micro',
  }),
  /** With the path of a disk in `image`: write to the file itself. */
  adopt: withFlag(z.boolean().default(false), {
    flag: '--adopt',
    group: 'Boot',
    description: 'with --image FILE: write to the file itself',
  }),
  /**
   * Begin as this template of `micro`, with its memory: the first start continues where the template was saved. Later
   * starts boot. Its image and hardware are the template's.
   */
  template: withFlag(z.string().min(1).optional(), {
    flag: '--template <name>',
    group: 'Boot',
    description: 'begin as a fork of this template, with its image, memory and hardware',
  }),
  /** Path of a CD image, from which the machine boots while no disk is bootable. */
  iso: withFlag(z.string().min(1).optional(), {
    flag: '--iso <file>',
    group: 'Boot',
    description: 'insert this CD, and boot from it while no disk is bootable',
  }),
  /** Path of an install medium or a directory whose kernel and initramfs are started directly, once. */
  location: withFlag(z.string().min(1).optional(), {
    flag: '--location <path>',
    group: 'Boot',
    description: 'boot the installer of this ISO or directory once, by its kernel',
  }),
  ...makeOptions,
  ...namedOptions,
  /**
   * Directories of this host in the guest, as in `./site:/srv/site:ro`, and volumes, as in `cache:/var/cache`, or
   * objects; mounted at each boot, by the agent.
   */
  volumes: shareOptions.volumes,
  /** The same in the grammar of podman's `--mount`. */
  mounts: shareOptions.mounts,
  /** Bytes, or a size such as `2G`; 2 GiB by default, 256 MiB for `micro`. */
  memory: reworded(makeOptions.memory.optional(), { otherwise: '2G; 256M with --image micro' }),
  /** Virtual processors; 2 by default, 1 for `micro`. */
  cpus: reworded(makeOptions.cpus.optional(), { otherwise: '2; 1 with --image micro' }),
  /**
   * `20G` for an empty disk; `PATH[,format=qcow2|raw]` for an overlay on that file, which must not change afterwards;
   * with `,adopt` the file itself, with `,readonly` read-only. Also: `,cache=none|unsafe`, `,nodiscard`.
   */
  disks: withFlag(z.array(z.string()).readonly().default([]), {
    flag: '--disk <disk>',
    group: 'Disks',
    description:
      'an empty disk such as 20G, or FILE[,format=qcow2|raw][,trusted][,readonly|,adopt]; both take [,cache=none|unsafe][,nodiscard]',
  }),
  /** Kernel command line, with `location` or `kernel`; with an image, appended to its own. */
  append: reworded(makeOptions.append.optional(), {
    description: 'kernel command line with --location or --kernel; with micro: words to append',
  }),
  /** `auto` (the default) is passt if available, otherwise slirp; `bridge=NAME` is a bridge of the host. */
  net: reworded(namedOptions.net, { otherwise: 'auto' }),
  /** Size of an image's disk, as in `40G`; by default 20 GiB, or the image's own if larger; 10 GiB for `micro`. */
  diskSize: reworded(makeOptions.diskSize.optional(), {
    otherwise: '20G, or the image’s own size if larger; 10G for micro',
  }),
  /** A TPM 2.0 by swtpm; none by default. */
  tpm: namedOptions.tpm.default(false),
  /** `vnc` adds a screen; the default, except for an image or a kernel. */
  display: reworded(namedOptions.display.optional(), { otherwise: 'vnc, none for a kernel' }),
  labels: withFlag(recordOf(z.string().min(1), z.string()), {
    flag: '-l, --label <key=value>',
    description: 'a label, for ls --filter',
    value: 'pairs',
  }).default({}),
  /** User of ssh; by default the user of the seed, or root without a seed. */
  sshUser: reworded(namedOptions.sshUser.optional(), {
    otherwise: 'the user created at first boot, or root',
  }),
  /**
   * A command that each start runs by vmlet's agent, once the guest has booted; the machine ends with it. `remove` then
   * removes the machine with its disks; false by default.
   */
  command: commandSchema
    .extend({
      argv: commandSchema.shape.argv.readonly(),
      env: commandSchema.shape.env.default({}),
      remove: commandSchema.shape.remove.default(false),
    })
    .optional(),
  /** Protect the machine from removal. */
  protect: withFlag(z.boolean().default(false), {
    flag: '--protect',
    description: 'protect it from removal',
  }),
});

/** The options of a new machine that have flags on a command line. */
export const createFlags = flagsOf(createSchema);

/** Options of a new machine; all but the name are optional. */
export type CreateOptions = Readonly<z.input<typeof createSchema>>;

/** Validated options, normalized. */
export interface NewMachine extends Hardware, MountSet, Published {
  readonly name: string;
  readonly memoryBytes: number;
  readonly disks: readonly NewDisk[];
  /** An image with a disk, which becomes the first disk. */
  readonly image:
    { readonly name: string; readonly pull: PullPolicy; readonly diskBytes: number | undefined } | undefined;
  /** Size of the disk that `micro` mounts at /data; undefined for none. */
  readonly dataBytes: number | undefined;
  readonly seed: Seed | undefined;
  readonly template: string | undefined;
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
  readonly net: MachineSpec['net'];
  readonly bridge: string | undefined;
  /** Private networks; addresses that are not given are chosen when it is created. */
  readonly memberships: readonly WantedMembership[];
  /** Undefined: the firmware that the image needs. */
  readonly firmware: FirmwareKind | undefined;
  readonly tpm: boolean;
  readonly display: MachineSpec['display'];
  readonly limits: HostShare | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly sshUser: string | undefined;
  readonly command: MachineCommand | undefined;
  readonly protected: boolean;
}

const MiB = 1024 * 1024;
/** Size of the disk of `micro`; it takes only the space that was written. */
const DATA_BYTES = 10 * 1024 * MiB;

/** @throws InvalidInputError that names the field, its value and the expected one. */
export function parseCreateOptions(options: CreateOptions): NewMachine {
  const valid = parseOptions(createSchema, options);
  checkMachineName(valid.name);
  refuseContradictions(valid);
  const mounted = parseMounts({ volumes: valid.volumes, mounts: valid.mounts, directory: process.cwd() });
  refuseCopies(mounted);
  checkAppend(valid.append);
  const boot = bootOf(valid);
  const small = boot.kind === 'image';
  const imageDisk = valid.image?.includes('/') ? [imageAsDisk(valid.image, valid.adopt)] : [];
  const { ports, sockets } = parsePublished(valid.ports);
  const { first = { net: 'auto' as const }, memberships } = parseCards(valid.net, valid.networks);
  const { net, bridge } = first;
  if ((net === 'none' || net === 'bridge') && ports.length > 0) {
    throw new InvalidInputError('ports', `net ${net} does not support forwards`, {
      hint:
        net === 'bridge' ? "use the guest's own address on the bridge" : 'omit the ports, or omit net: none',
    });
  }
  const memoryBytes = parseMemory(valid.memory ?? (small ? 256 * MiB : 2048 * MiB));
  return {
    name: valid.name,
    memoryBytes,
    ...hardwareOf({ ...valid, cpus: valid.cpus ?? (small ? 1 : 2) }),
    disks: [...imageDisk, ...valid.disks.map((disk, index) => parseNewDisk(disk, `disks[${index}]`))],
    image: storedImageOf(valid),
    dataBytes: dataBytesOf(valid),
    seed: valid.seed && parseSeedOptions(valid.seed),
    template: valid.template,
    boot,
    iso: valid.iso,
    location: valid.location === undefined ? undefined : { path: valid.location, append: valid.append },
    ...mounted,
    ports,
    sockets,
    net,
    bridge,
    memberships,
    firmware: valid.firmware,
    tpm: valid.tpm,
    display: valid.display ?? (boot.kind === 'firmware' ? 'vnc' : 'none'),
    limits: parseLimits(valid.limits, memoryBytes),
    labels: valid.labels,
    sshUser: valid.sshUser,
    command: valid.command && { ...valid.command, argv: [...valid.command.argv] },
    protected: valid.protect,
  };
}

type Valid = z.infer<typeof createSchema>;

function refuseContradictions(valid: Valid): void {
  if (valid.command?.remove === true && valid.protect) {
    throw new InvalidInputError('protect', 'cannot be used together with --rm, which removes the machine');
  }
  const sources = (['kernel', 'location', 'iso'] as const).filter((key) => valid[key] !== undefined);
  if (sources.length > 1) {
    throw new InvalidInputError(sources.join(', '), 'cannot be used together', {
      hint: 'give only one of them',
    });
  }
  if (valid.image === HOST) {
    throw new InvalidInputError('image', "a machine that stays cannot have the host's system", {
      hint: 'run one command: vmlet run host -- COMMAND, or use an image such as debian:13',
    });
  }
  if (valid.image === MICRO && sources.length > 0) {
    throw new InvalidInputError('image', `cannot be combined with ${sources[0] ?? ''}`);
  }
  if (valid.initrd !== undefined && valid.kernel === undefined) {
    throw new InvalidInputError('initrd', 'requires a kernel', { hint: 'add --kernel' });
  }
  const takesAppend = valid.kernel !== undefined || valid.location !== undefined || valid.image === MICRO;
  if (valid.append !== undefined && !takesAppend) {
    throw new InvalidInputError('append', 'requires a kernel, but this machine boots from its disk', {
      hint: 'add --location or --kernel',
    });
  }
  if (valid.adopt && !(valid.image?.includes('/') ?? false)) {
    throw new InvalidInputError('adopt', 'requires a disk file as --image', {
      hint: 'write the path with a slash, as in ./disk.qcow2',
    });
  }
  const givesDisk = valid.image === MICRO ? valid.disks.length === 0 : !(valid.image?.includes('/') ?? true);
  if (valid.diskSize !== undefined && !givesDisk) {
    throw new InvalidInputError('diskSize', 'applies only to a disk that is created from an image', {
      hint: 'give an image such as debian:13, or resize a disk: vmlet disk resize',
    });
  }
  if (valid.firmware !== undefined && valid.firmware !== 'bios' && valid.image === MICRO) {
    throw new InvalidInputError(
      'firmware',
      `${valid.firmware} cannot boot micro, which starts its kernel directly`,
      {
        hint: 'omit it, or use an image with a disk, such as debian:13',
      },
    );
  }
  if (valid.seed !== undefined && (valid.image === MICRO || valid.kernel !== undefined)) {
    throw new InvalidInputError('seed', 'requires a disk image, but this machine boots a kernel directly', {
      hint: 'omit it, or use an image with a disk, such as debian:13',
    });
  }
  const bootable =
    sources.length > 0 || valid.image !== undefined || valid.disks.some((disk) => disk.includes('/'));
  if (!bootable) {
    throw new InvalidInputError('image', `no boot source for ${valid.name}`, {
      hint: 'give one of --image (such as debian:13 or micro), --iso, --location and --kernel',
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

/** Users who give `micro` disks of their own decide about their contents. */
function dataBytesOf({ image, disks, diskSize }: Valid): number | undefined {
  if (image !== MICRO || disks.length > 0) return undefined;
  return diskSize === undefined ? DATA_BYTES : parseWholeSize(diskSize, 'diskSize');
}

function imageAsDisk(image: string, adopt: boolean): NewDisk {
  return parseNewDisk(adopt ? `${image},adopt` : image, 'image');
}
