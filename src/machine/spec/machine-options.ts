import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import type { SeedOptions } from '../../guest/seed/seed-options.ts';
import { FIRMWARE_KINDS } from '../../host/firmware/firmware.ts';
import type { VolumeInput } from '../mount/volume-spec.ts';
import { macSchema } from '../../network/card/mac-address.ts';
import type { PortInput } from '../../network/ports/port.ts';
import { hardware, hardwareOptions } from './hardware-options.ts';
import type { LimitsInput } from './limits.ts';
import { withFlag } from './option-flag.ts';

// Options of all machines, throw-away and named. Each is defined once: its values, its type and its flag.

export const PULL_POLICIES = ['missing', 'newer', 'always', 'never'] as const;

/** When an image is pulled: if it is missing, if a newer one is published, always or never. */
export type PullPolicy = (typeof PULL_POLICIES)[number];

/** Options that can be changed on an existing machine. */
export const changeOptions = z
  .object({
    /** Memory in bytes, or a size such as `512M`. */
    memory: withFlag(
      z.union([z.number(), z.string()], 'expected a number of bytes, or a size such as 512M'),
      {
        flag: '-m, --memory <size>',
        group: 'Hardware',
        description: 'memory of the guest, such as 512M or 4G',
      },
    ),
    ...hardware,
    limits: withFlag(
      // `parseLimits` validates the contents.
      z.custom<LimitsInput>(isTextOrObject, 'expected an object, or text such as cpus=1.5,memory=3G'),
      {
        flag: '--limit <limits>',
        group: 'Hardware',
        description: 'limit how much of the host QEMU can use, such as cpus=1.5,memory=3G (requires systemd)',
      },
    ),
    /** Appended to the kernel command line, so that it overrides vmlet's own parameters. */
    append: withFlag(z.string(), {
      flag: '--append <words>',
      group: 'Boot',
      description:
        'words to append to the kernel command line, such as loglevel=7; not for disks, whose boot loader sets it',
    }),
    /** MAC address of the first network card, unicast, as in `52:54:00:12:34:56`; chosen by vmlet by default. */
    mac: withFlag(macSchema, {
      flag: '--mac <address>',
      group: 'Network',
      description: 'MAC address of the first network card, such as 52:54:00:12:34:56',
    }),
  })
  .partial().shape;

/** Shared directories, volumes and tmpfs. `parseMounts` validates the contents. */
export const shareOptions = {
  volumes: withFlag(
    z
      .array(z.custom<VolumeInput>(isTextOrObject, 'expected SRC:DST[:OPTION,…], or an object'))
      .readonly()
      .default([]),
    {
      flag: '-v, --volume <volume>',
      group: 'Disks',
      description:
        'share a directory: SRC:DST[:OPTION,…], where SRC begins with / or . (options: ro, cache=auto|always|never, uid=N, gid=N, ids=host); mount a volume: NAME:DST[:OPTION,…] (options: ro, size=10G); or copy a directory to the guest at the start: SRC:DST:ro,copy, or with vmlet run also SRC:DST:copy, which copies it back at the end',
    },
  ),
  mounts: withFlag(z.array(z.string()).readonly().default([]), {
    flag: '--mount <mount>',
    group: 'Disks',
    description:
      'share a directory or mount a volume, like -v: type=bind|volume,src=SRC,dst=DST[,OPTION…]; or mount a file system in memory: type=tmpfs,dst=DST[,tmpfs-size=64M][,tmpfs-mode=1777]',
  }),
};

/** Options of every new machine. */
export const makeOptions = {
  ...changeOptions,
  ...hardwareOptions,
  /**
   * Limits on QEMU's use of the host, as in `{ cpus: 1.5, memory: '3G' }`: a cgroup created by systemd, which
   * must be running for this user. No limit by default. Helper processes (passt) are not counted.
   */
  limits: changeOptions.limits.default('none'),
  /**
   * Forwards in podman's grammar, `[[ip:][host]:]guest[/tcp|udp]`; bound to 127.0.0.1 by default. Also unix sockets of
   * the host for this user alone, `/path/to.sock:guest`, which need vmlet's agent in the guest, but no network.
   */
  ports: withFlag(
    z
      .array(z.custom<PortInput>(isTextOrObject, 'expected a port such as 80 or 8080:80'))
      .readonly()
      .default([]),
    {
      flag: '-p, --publish <port>',
      group: 'Network',
      description: 'forward a port: [[ip:][host]:]guest[/tcp|udp]; or a unix socket: /path/to.sock:guest',
    },
  ),
  /** Path of a Linux kernel to boot instead of an image's. */
  kernel: withFlag(z.string().min(1).optional(), {
    flag: '--kernel <file>',
    group: 'Boot',
    description: 'boot this Linux kernel',
  }),
  /** Path of an initramfs for `kernel`; by default the micro image's. */
  initrd: withFlag(z.string().min(1).optional(), {
    flag: '--initrd <file>',
    group: 'Boot',
    description: 'initramfs for --kernel',
  }),
  /**
   * When an image of the catalogue is looked up at its publisher: if it is not in the store (`missing`, the
   * default); also if it is (`newer` falls back to the stored image when the publisher is unreachable,
   * `always` fails then); or never.
   */
  pull: withFlag(z.enum(PULL_POLICIES).default('missing'), {
    flag: '--pull <when>',
    group: 'Boot',
    description: 'when to download the image',
  }),
  /** Virtual size of the image's disk, as in `20G`, if it should be larger than the image's own. */
  diskSize: withFlag(z.union([z.number(), z.string()]).optional(), {
    flag: '--disk-size <size>',
    group: 'Disks',
    description: "size of the guest's disk",
    otherwise: "the image's own size",
  }),
  /** Firmware that boots a disk; by default the one that the image needs, and `bios` for a path. */
  firmware: withFlag(z.enum(FIRMWARE_KINDS).optional(), {
    flag: '--firmware <kind>',
    group: 'Boot',
    description: 'firmware for booting from a disk',
    otherwise: 'the firmware that the image requires, or bios',
  }),
  /** First-boot configuration of a guest with cloud-init or the like. */
  seed: z.custom<SeedOptions>(isObject).optional(),
};

/** Rejects a MAC address for a machine without a first network card. @throws InvalidInputError */
export function refuseMac({ mac }: { readonly mac?: string | undefined }): void {
  if (mac === undefined) return;
  throw new InvalidInputError('mac', 'requires a first network card, but the network is "none"', {
    hint: 'leave out the MAC address, or choose another network; for the card of a private network, use --network NAME:mac=ADDRESS',
  });
}

export function isTextOrObject(value: unknown): boolean {
  return typeof value === 'string' || isObject(value);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
