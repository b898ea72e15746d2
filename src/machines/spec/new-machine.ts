import { InvalidInputError } from '../../errors/index.ts';
import { type Seed, parseSeedOptions } from '../../guest/seed/seed-options.ts';
import type { FirmwareKind } from '../../host/firmware/firmware.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import { HOST, MICRO, parseImageReference } from '../../images/record/reference.ts';
import { type MountSet, parseMounts } from '../../machine/share/mount-set.ts';
import { appendNeedsKernel, checkAppend } from '../../machine/spec/kernel-command-line.ts';
import { parseLimits } from '../../machine/spec/limits.ts';
import { type Hardware, hardwareOf } from '../../machine/spec/hardware-options.ts';
import { type PullPolicy, refuseMac } from '../../machine/spec/machine-options.ts';
import { parseMemory } from '../../machine/spec/memory-size.ts';
import { type Published, parsePublished } from '../../network/ports/socket-forward.ts';
import type { WantedMembership } from '../../network/private/membership.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import type { WantedBridge } from './bridge-cards.ts';
import { type CreateOptions, type GivenOptions, createSchema } from './create-options.ts';
import { type MachineCommand, type MachineSpec, checkMachineName } from './machine-spec.ts';
import { type WantedCards, parseCards } from './named-options.ts';
import { type NewDisk, parseNewDisk } from './new-disk.ts';
import { refuseBesideMemory, refuseCopyingBack, refuseOwnersByName } from './stored-mounts.ts';

/** A machine that is to be created: validated options, normalized. */
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
  /** A template, and what its fork mounts before it is saved. */
  readonly template: (Pick<CreateOptions, 'volumes' | 'mounts'> & { readonly name: string }) | undefined;
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
  /** MTU on the bridge; undefined for the bridge's own. */
  readonly mtu: number | undefined;
  /** Further cards on bridges; addresses that are not given are chosen when it is created. */
  readonly bridges: readonly WantedBridge[];
  /** MAC address of the first card; undefined for a random one. */
  readonly mac: string | undefined;
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

const AUTO: NonNullable<WantedCards['first']> = { net: 'auto' };
const MiB = 1024 * 1024;
/** Size of the disk of `micro`; it takes only the space that was written. */
const DATA_BYTES = 10 * 1024 * MiB;

/** @throws InvalidInputError that names the field, its value and the expected one. */
export function parseCreateOptions(options: CreateOptions): NewMachine {
  const valid = parseOptions(createSchema, options);
  checkMachineName(valid.name);
  refuseContradictions(valid);
  const { volumes, mounts } = valid;
  const mounted = parseMounts({ volumes, mounts, directory: process.cwd() });
  refuseCopyingBack(mounted, valid.name);
  refuseOwnersByName(mounted);
  if (valid.template !== undefined) refuseBesideMemory(mounted);
  checkAppend(valid.append);
  const boot = bootOf(valid);
  const small = boot.kind === 'image';
  const disks = valid.disks.map((disk, index) => parseNewDisk(disk, `disks[${index}]`));
  refuseUnbootable(valid, disks);
  const imageDisk = valid.image?.includes('/') ? [imageAsDisk(valid.image, valid.adopt)] : [];
  const { ports, sockets } = parsePublished(valid.ports);
  const { first = AUTO, bridges, memberships } = parseCards(valid.net, valid.networks);
  const { net, bridge, mtu } = first;
  if ((net === 'none' || net === 'bridge') && ports.length > 0) {
    throw new InvalidInputError('ports', `--net ${net} does not support port forwards`, {
      hint:
        net === 'bridge'
          ? "add --net auto, whose card has forwards; or leave out the ports, and connect to the guest's own address on the bridge"
          : 'leave out --net none, or leave out the ports',
    });
  }
  if (net === 'none') refuseMac(valid);
  const memoryBytes = parseMemory(valid.memory ?? (small ? 256 * MiB : 2048 * MiB));
  return {
    name: valid.name,
    memoryBytes,
    ...hardwareOf({ ...valid, cpus: valid.cpus ?? (small ? 1 : 2) }),
    disks: [...imageDisk, ...disks],
    image: storedImageOf(valid),
    dataBytes: dataBytesOf(valid),
    seed: valid.seed && parseSeedOptions(valid.seed),
    template: valid.template === undefined ? undefined : { name: valid.template, volumes, mounts },
    boot,
    iso: valid.iso,
    location: valid.location === undefined ? undefined : { path: valid.location, append: valid.append },
    ...mounted,
    ports,
    sockets,
    net,
    bridge,
    mtu,
    bridges,
    mac: valid.mac,
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

function refuseContradictions(valid: GivenOptions): void {
  if (valid.command?.remove === true && valid.protect) {
    throw new InvalidInputError('protect', 'cannot be used together with --rm, which removes the machine', {
      hint: 'leave out --protect or --rm',
    });
  }
  const sources = (['kernel', 'location', 'iso'] as const).filter((key) => valid[key] !== undefined);
  if (sources.length > 1) {
    throw new InvalidInputError(sources.join(', '), 'cannot be used together', {
      hint: 'give only one of these options',
    });
  }
  if (valid.image === HOST) {
    throw new InvalidInputError('image', "a named machine cannot boot the host's system", {
      hint: 'use an image such as debian:13, or run a command in a throw-away machine: vmlet run host -- COMMAND',
    });
  }
  if (valid.image === MICRO && sources.length > 0) {
    throw new InvalidInputError('image', `${MICRO} cannot be used together with --${sources[0] ?? ''}`, {
      hint: `leave out --image or --${sources[0] ?? ''}`,
    });
  }
  if (valid.initrd !== undefined && valid.kernel === undefined) {
    throw new InvalidInputError('initrd', 'requires a kernel', { hint: 'add --kernel' });
  }
  const takesAppend = valid.kernel !== undefined || valid.location !== undefined || valid.image === MICRO;
  if (valid.append !== undefined && !takesAppend) {
    throw appendNeedsKernel(
      'change the kernel command line in the guest, or boot a kernel with --kernel, --location or --image micro',
    );
  }
  if (valid.adopt && !(valid.image?.includes('/') ?? false)) {
    throw new InvalidInputError('adopt', 'requires --image with the path of a disk file', {
      hint: 'write the path with a slash: --image ./disk.qcow2',
    });
  }
  const givesDisk = valid.image === MICRO ? valid.disks.length === 0 : !(valid.image?.includes('/') ?? true);
  if (valid.diskSize !== undefined && !givesDisk) {
    throw unsizedDisk(valid);
  }
  if (valid.firmware !== undefined && valid.firmware !== 'bios' && valid.image === MICRO) {
    throw new InvalidInputError(
      'firmware',
      `${valid.firmware} cannot boot the image micro, whose kernel QEMU starts directly`,
      {
        hint: 'leave out this option, or use an image with a disk, such as debian:13',
      },
    );
  }
  if (valid.seed !== undefined && (valid.image === MICRO || valid.kernel !== undefined)) {
    throw new InvalidInputError('seed', 'requires a disk, but this machine boots a kernel directly', {
      hint: 'leave out this option, or use an image with a disk, such as debian:13',
    });
  }
}

function refuseUnbootable(valid: GivenOptions, disks: readonly NewDisk[]): void {
  const { image, iso, location, kernel } = valid;
  const hasFile = disks.some(({ source }) => 'path' in source);
  if (hasFile || [image, iso, location, kernel].some((source) => source !== undefined)) return;
  throw new InvalidInputError('image', `machine "${valid.name}" has nothing to boot from`, {
    hint: 'give --image (such as debian:13 or micro), --iso, --location, --kernel, or --disk with a file',
  });
}

/** The size is of the disk that is made for an image: a copy of the image's, or the one at /data of `micro`. */
function unsizedDisk({ name, image }: GivenOptions): InvalidInputError {
  if (image === MICRO) {
    return new InvalidInputError('diskSize', 'applies only to the disk at /data, which --disk replaces', {
      hint: 'leave out --disk-size or --disk',
    });
  }
  const isFile = image !== undefined;
  return new InvalidInputError(
    'diskSize',
    isFile
      ? `does not apply to the file ${image}, which already has a size`
      : 'applies only to a disk that is created from an image',
    {
      hint:
        image === undefined
          ? 'to add an empty disk, use --disk SIZE; to create a disk from an image, use for example --image debian:13'
          : `leave out --disk-size, and resize the disk after the machine is created: vmlet disk resize ${name} disk0 SIZE`,
    },
  );
}

function bootOf({ image, kernel, initrd, append }: GivenOptions): NewMachine['boot'] {
  if (kernel !== undefined) return { kind: 'kernel', kernel, initrd, append };
  if (image === MICRO) return { kind: 'image', image, append };
  return { kind: 'firmware' };
}

function storedImageOf({ image, pull, diskSize }: GivenOptions): NewMachine['image'] {
  if (image === undefined || image === MICRO || image.includes('/')) return undefined;
  parseImageReference(image);
  return {
    name: image,
    pull,
    diskBytes: diskSize === undefined ? undefined : parseWholeSize(diskSize, 'diskSize'),
  };
}

/** Users who give `micro` disks of their own decide about their contents. */
function dataBytesOf({ image, disks, diskSize }: GivenOptions): number | undefined {
  if (image !== MICRO || disks.length > 0) return undefined;
  return diskSize === undefined ? DATA_BYTES : parseWholeSize(diskSize, 'diskSize');
}

function imageAsDisk(image: string, adopt: boolean): NewDisk {
  return parseNewDisk(adopt ? `${image},adopt` : image, 'image');
}
