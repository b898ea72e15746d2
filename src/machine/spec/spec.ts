import { InvalidInputError } from '../../errors/index.ts';
import { type Seed, parseSeedOptions } from '../../guest/seed/seed-options.ts';
import type { FirmwareKind } from '../../host/firmware/firmware.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import { HOST, MICRO } from '../../images/record/reference.ts';
import type { RequestedBackend } from '../../network/plan/network.ts';
import { firstCardOf } from '../../network/private/network-name.ts';
import { type Published, parsePublished } from '../../network/ports/socket-forward.ts';
import type { HostShare } from '../../process/confine/cgroup.ts';
import { type MountSet, parseMounts } from '../share/mount-set.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { type WantedPlace, parseNetworks } from '../network/network-place.ts';
import { type DiskSpec, parseDiskFile, parseDiskSpec } from './disk-spec.ts';
import { checkAppend } from './kernel-command-line.ts';
import { type LaunchOptions, callerSchema, launchSchema } from './launch-options.ts';
import { parseLimits } from './limits.ts';
import { type Hardware, hardwareOf } from './hardware-options.ts';
import { type PullPolicy, refuseMac } from './machine-options.ts';
import { parseMemory } from './memory-size.ts';

const MiB = 1024 * 1024;

/** A kernel of the user. */
export interface OwnKernel {
  readonly kernel: string;
  /** The directory of its modules. */
  readonly modules: string | undefined;
}

/** The options, validated and normalised. Defaults that depend on the host are not chosen yet. */
export interface Spec extends Hardware, MountSet, Published {
  readonly name: string;
  readonly boot:
    | { readonly kind: 'image'; readonly image: string }
    | {
        readonly kind: 'disk';
        readonly path: string;
        readonly format: DiskFormat;
        readonly trusted: boolean;
      }
    | ({ readonly kind: 'kernel'; readonly initrd: string | undefined } & OwnKernel)
    /** The host's system, with the working directory of its commands. */
    | { readonly kind: 'host'; readonly directory: string; readonly own: OwnKernel | undefined };
  readonly pull: PullPolicy;
  /** Disk size for an image of the store; undefined for the image's own. */
  readonly diskBytes: number | undefined;
  readonly seed: Seed | undefined;
  /** Undefined for the firmware that the image needs. */
  readonly firmware: FirmwareKind | undefined;
  readonly append: string | undefined;
  readonly memoryBytes: number;
  readonly disks: readonly DiskSpec[];
  readonly net: RequestedBackend | 'none';
  /** MAC address of the first card; undefined for the default. */
  readonly mac: string | undefined;
  readonly networks: readonly WantedPlace[];
  readonly faults: boolean;
  readonly limits: HostShare | undefined;
  readonly until: 'guest' | 'running';
  /** Undefined for the default time limit (`bootTimeoutMs`). */
  readonly timeoutMs: number | undefined;
}

/** @throws InvalidInputError that names the field, its value and what was expected. */
export function parseSpec(options: LaunchOptions): Spec {
  parseOptions(callerSchema, options);
  const {
    signal: _signal,
    log: _log,
    console: _console,
    onProgress: _onProgress,
    onBoot: _onBoot,
    networks = [],
    ...data
  } = options;
  const valid = parseOptions(launchSchema, { ...data, net: firstCardOf(data.net, networks) });
  const published = parsePublished(valid.ports);
  if (valid.net === 'none' && published.ports.length > 0) {
    throw new InvalidInputError('ports', 'port forwards require a network, but --net none was given', {
      hint: 'leave out --net none, or leave out the ports',
    });
  }
  if (valid.net === 'none') refuseMac(valid);
  if (valid.until === 'running' && (valid.volumes.length > 0 || valid.mounts.length > 0)) {
    const field = valid.volumes.length > 0 ? 'volumes' : 'mounts';
    throw new InvalidInputError(
      field,
      "cannot be mounted with until: 'running', because mounting requires vmlet's agent in the guest",
      {
        hint: `leave out ${field}, or leave out until: 'running'`,
      },
    );
  }
  if (valid.until === 'running' && published.sockets.length > 0) {
    throw new InvalidInputError(
      'ports',
      "sockets cannot be forwarded with until: 'running', because forwarding requires vmlet's agent in the guest",
      {
        hint: "leave out the sockets, or leave out until: 'running'",
      },
    );
  }
  checkAppend(valid.append);
  const boot = bootOf(valid);
  const hasDisk = boot.kind === 'disk' || (boot.kind === 'image' && boot.image !== MICRO);
  if (!hasDisk) refuseForKernels(valid);
  refuseForFiles(valid, boot);
  const memoryBytes = parseMemory(valid.memory ?? (hasDisk ? 2048 : boot.kind === 'host' ? 1024 : 256) * MiB);
  return {
    name: valid.name,
    boot,
    pull: valid.pull,
    diskBytes: valid.diskSize === undefined ? undefined : parseWholeSize(valid.diskSize, 'diskSize'),
    seed: valid.seed && parseSeedOptions(valid.seed),
    firmware: valid.firmware,
    append: valid.append,
    memoryBytes,
    ...hardwareOf(valid),
    disks: valid.disks.map((disk, index) => parseDiskSpec(disk, `disks[${index}]`)),
    ...published,
    net: valid.net,
    mac: valid.mac,
    networks: parseNetworks(networks, valid.name),
    ...parseMounts({ volumes: valid.volumes, mounts: valid.mounts, directory: process.cwd() }),
    faults: valid.faults,
    limits: parseLimits(valid.limits, memoryBytes),
    until: valid.until,
    timeoutMs: valid.timeoutMs,
  };
}

function refuseForKernels(valid: { readonly [Key in 'seed' | 'firmware']?: unknown }): void {
  const given = (['seed', 'firmware'] as const).find((key) => valid[key] !== undefined);
  if (given === undefined) return;
  throw new InvalidInputError(given, 'requires a disk, but this machine boots a kernel directly', {
    hint: 'leave out this option, or use an image with a disk, such as debian:13',
  });
}

function refuseForFiles({ diskSize }: { readonly diskSize?: unknown }, boot: Spec['boot']): void {
  if (diskSize === undefined || (boot.kind === 'image' && boot.image !== MICRO)) return;
  const isFile = boot.kind === 'disk';
  throw new InvalidInputError(
    'diskSize',
    `applies only to the disk of an image such as debian:13${isFile ? ', not to a disk file' : ''}`,
    {
      hint: isFile
        ? 'leave out this option; to enlarge the disk file itself, run: qemu-img resize FILE SIZE'
        : 'leave out this option, or boot an image with a disk',
    },
  );
}

function bootOf(options: {
  [Key in 'image' | 'kernel' | 'initrd' | 'modules']?: string | undefined;
}): Spec['boot'] {
  const { kernel, modules, initrd } = options;
  if (modules !== undefined) refuseModules(options);
  if (options.image === HOST && initrd === undefined) {
    return {
      kind: 'host',
      directory: process.cwd(),
      own: kernel === undefined ? undefined : { kernel, modules },
    };
  }
  if (kernel !== undefined && options.image !== undefined) {
    // Without an initramfs, the image "host" and a kernel go together.
    const isHost = options.image === HOST;
    throw new InvalidInputError(
      'kernel',
      `cannot be used together with ${isHost ? 'image "host" if --initrd is given' : 'an image'}`,
      { hint: isHost ? 'leave out --initrd or the image' : 'leave out --kernel or the image' },
    );
  }
  if (kernel !== undefined) return { kind: 'kernel', kernel, initrd, modules };
  if (initrd !== undefined) {
    throw new InvalidInputError('initrd', 'requires a kernel', {
      hint: 'add --kernel (in a program, the option kernel)',
    });
  }
  const image = options.image ?? MICRO;
  return image.includes('/') ? bootDiskOf(image) : { kind: 'image', image };
}

function refuseModules({ kernel, initrd }: { [Key in 'kernel' | 'initrd']?: string | undefined }): void {
  if (kernel === undefined) {
    throw new InvalidInputError('modules', 'requires a kernel', {
      hint: 'add the kernel that these modules belong to: --kernel FILE (in a program, the option kernel)',
    });
  }
  if (initrd !== undefined) {
    throw new InvalidInputError('modules', 'cannot be used together with an initramfs', {
      hint: 'leave out --modules or --initrd: an initramfs contains its own modules',
    });
  }
}

function bootDiskOf(image: string): Spec['boot'] {
  const { path, format, trusted = false } = parseDiskFile(image, 'image');
  return { kind: 'disk', path, format, trusted };
}
