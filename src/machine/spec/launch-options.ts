import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import type { ImageProgress } from '../../images/pull/image-progress.ts';
import { abortSignalSchema } from '../../util/options/abort-signal.ts';
import { hostNameSchema } from '../../util/options/host-name.ts';
import type { NetworkInput } from '../network/network-place.ts';
import type { DiskSpec } from './disk-spec.ts';
import { isTextOrObject, makeOptions, shareOptions } from './machine-options.ts';
import { NETS, ONLY_NET, networkFlag } from './network-flag.ts';
import { flagsOf, reworded, withFlag } from './option-flag.ts';

/** The options that a launch and a fork share. */
export const startOptions = {
  /** A label for logs, process lists and the guest's host name. */
  name: withFlag(hostNameSchema, {
    flag: '--name <name>',
    description: 'name of the machine and host name of the guest',
  }).optional(),
  ports: makeOptions.ports,
  /** MAC address of the first network card, unicast, as in `52:54:00:12:34:56`; chosen by vmlet by default. */
  mac: makeOptions.mac,
  /** Milliseconds from QEMU's start until the guest must be ready. */
  timeoutMs: withFlag(
    z
      .number()
      .positive()
      .max(2 ** 31 - 1)
      .optional(),
    {
      flag: '--boot-timeout <time>',
      group: 'Boot',
      description: 'time limit for booting',
      value: 'time',
    },
  ),
};

const netSchema = z.enum(NETS);

export const launchSchema = z.strictObject({
  /**
   * Name of an image, as in `debian:13`; `micro`, the built-in small Linux, by default. With a slash it is
   * the path of a disk to boot from, as in `disks`. The guest writes to a throw-away overlay. Excludes
   * `kernel`, except for `host`: the system of this host, its programs and settings as you can read them, and the working
   * directory; the guest's changes stay in its memory.
   */
  image: z.string().min(1).optional(),
  /** A label for logs, process lists and the guest's host name; `vmlet` by default. */
  name: startOptions.name.default('vmlet'),
  ...makeOptions,
  /** Memory in bytes, or a size such as `512M`; 2 GiB by default, 1 GiB for `host`, 256 MiB for `micro` and with `kernel`. */
  memory: reworded(makeOptions.memory.optional(), {
    otherwise: '256M; 1G for image "host"; 2G for an image with a disk, or a disk file',
  }),
  /** Number of virtual processors; 1 by default. */
  cpus: makeOptions.cpus.default(1),
  /**
   * `2G` for a new disk of that size, or a path for a throw-away overlay that leaves the file unchanged. The
   * guest sees them in this order as /dev/vda, /dev/vdb, ….
   */
  disks: withFlag(
    z
      .array(z.custom<string | DiskSpec>(isTextOrObject, 'expected a size, a path or an object'))
      .readonly()
      .default([]),
    {
      flag: '--disk <disk>',
      group: 'Disks',
      description:
        'add a disk: SIZE of an empty disk, such as 2G, or FILE[,format=qcow2|raw][,readonly][,trusted] (vmlet does not write to FILE; do not change it meanwhile)',
    },
  ),
  /**
   * Directories of this host in the guest, as in `./site:/srv/site:ro`, and volumes, as in `cache:/var/cache`, which are
   * created when they are missing; or objects: `{ source, target }` with `readOnly`, `cache`, `uid`, `gid`, `ids` and
   * `size`. The files of a directory are root's in the guest by default.
   */
  volumes: shareOptions.volumes,
  /**
   * The same in the grammar of podman's `--mount`: `type=bind,src=./site,dst=/srv/site,ro`; `type=tmpfs,dst=/x` is a file
   * system in the guest's memory.
   */
  mounts: shareOptions.mounts,
  /** Network of the machine; by default (`auto`) passt if it is installed, otherwise slirp. */
  net: withFlag(netSchema.default('auto'), networkFlag('auto, passt, slirp or none')),
  /** Path of an initramfs for `kernel`; by default the micro image's. */
  initrd: reworded(makeOptions.initrd.optional(), {
    description: 'initramfs for --kernel; vmlet adds its agent',
  }),
  /**
   * Modules for `kernel`, which the guest has beside the micro image's files: a build tree, or an installed directory
   * such as /lib/modules/RELEASE. Those that vmlet uses are taken, such as the drivers of virtio. Excludes `initrd`.
   */
  modules: withFlag(z.string().min(1).optional(), {
    flag: '--modules <dir>',
    group: 'Boot',
    description: 'kernel modules for --kernel: a kernel build tree, or /lib/modules/RELEASE',
  }),
  /**
   * Routes the guest's packets so that tests can delay and drop them (`NetworkFaults`): passt then does not
   * use the guest's memory (vhost-user), which is a fifth slower. False by default.
   */
  faults: z.boolean().default(false),
  /**
   * Whether the machine, or the guest of a template, may start from a guest that an earlier launch with the same options
   * has booted and kept in the cache: `ignore` (the default) boots; `use` forks the kept guest, or boots one and keeps it;
   * `renew` boots and replaces the kept one. The fork has its own identity. Guests with private `networks`, `faults` or a
   * `console`, and those of templates with `disks`, boot in any case.
   */
  kept: z.enum(['ignore', 'use', 'renew']).default('ignore'),
  /**
   * When `launch` returns: a `Machine` once commands can run in the guest (`guest`, the default), or a
   * `RunningMachine` as soon as its processors run (`running`), for guests without vmlet's agent.
   */
  until: z.enum(['guest', 'running']).default('guest'),
  /**
   * Milliseconds from QEMU's start until the guest must be ready; 120 000 by default, 600 000 for an image with a disk
   * or a disk file, and six times as long without KVM.
   */
  timeoutMs: reworded(startOptions.timeoutMs.optional(), {
    otherwise:
      '2m; 10m for an image with a disk, or a disk file; 1m for vmlet run --template; six times as long without KVM',
  }),
});

/** The options of a launch that have command-line flags. */
export const launchFlags = flagsOf(launchSchema);

/** The flags of a template, whose forks have their own names, ports, MAC addresses and private networks. */
export const templateFlags = flagsOf(
  launchSchema
    .omit({ name: true, ports: true, mac: true })
    .extend({ net: withFlag(netSchema.default('auto'), ONLY_NET) }),
);

/** The objects of the calling program among the options of a launch and of a fork. */
export const callerSchema = z.object({
  signal: abortSignalSchema.optional(),
  log: objectWith<Logger>('debug', 'expected a pino logger'),
  console: objectWith<Writable>('write', 'expected a writable stream'),
  onProgress: functionSchema(),
  onBoot: functionSchema(),
});

function objectWith<T>(method: string, problem: string) {
  const hasMethod = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function';
  return z.custom<T>(hasMethod, problem).optional();
}

/** An optional function of the calling program. */
export function functionSchema() {
  return z.custom<object>((value) => typeof value === 'function', 'expected a function').optional();
}

/** Options of `launch`; all are optional. */
export interface LaunchOptions extends Readonly<z.input<typeof launchSchema>> {
  /**
   * Private networks in addition to `net`, at most 8: a network, in which the machine is found by its `name`, or
   * `{ network, alias, ip, … }` with options of the machine in it; or one of named machines, as in `lan` or
   * `lan:alias=primary,ip=10.9.0.20`. One entry may be a value of `net` instead.
   */
  readonly networks?: readonly NetworkInput[];
  /** Aborting ends the launch, or later the machine. */
  readonly signal?: AbortSignal;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Called while the image is built or pulled. */
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Called each time the guest is queried while a disk boots, with the current activity of cloud-init. */
  readonly onBoot?: (doing: string) => void;
  /** Receives a copy of the guest's output on its serial console. */
  readonly console?: Writable;
}
