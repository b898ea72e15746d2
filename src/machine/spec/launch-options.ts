import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import type { ImageProgress } from '../../images/pull/image-progress.ts';
import { REQUESTED_BACKENDS } from '../../network/plan/network.ts';
import { hostNameSchema } from '../../util/host-name.ts';
import type { NetworkInput } from '../network/network-place.ts';
import type { DiskSpec } from './disk-spec.ts';
import { isTextOrObject, makeOptions } from './machine-options.ts';
import { flagsOf, reworded, withFlag } from './option-flag.ts';

/** The options that a launch and a fork share. */
export const startOptions = {
  /** A label for logs, process lists and the guest's host name. */
  name: withFlag(hostNameSchema, {
    flag: '--name <name>',
    description: "the machine's and the guest's name",
  }).optional(),
  ports: makeOptions.ports,
  /** Milliseconds from QEMU's start until the guest must be ready. */
  timeoutMs: withFlag(
    z
      .number()
      .positive()
      .max(2 ** 31 - 1)
      .optional(),
    { flag: '--boot-timeout <time>', group: 'Boot', description: 'how long booting may take', value: 'time' },
  ),
};

export const launchSchema = z.strictObject({
  /**
   * Name of an image, as in `debian:13`; `micro`, the built-in small Linux, by default. With a slash it is the path of
   * a disk to boot from, as in `disks`. The guest writes into a throw-away overlay. Not together with `kernel`.
   */
  image: z.string().min(1).optional(),
  /** A label for logs, process lists and the guest's host name; `vmlet` by default. */
  name: startOptions.name.default('vmlet'),
  ...makeOptions,
  /** Bytes, or a size such as `512M`; 2 GiB by default, 256 MiB for `micro` and with `kernel`. */
  memory: reworded(makeOptions.memory.optional(), { otherwise: '256M; 2G for a disk' }),
  /** Virtual processors, 1 by default. */
  cpus: makeOptions.cpus.default(1),
  /**
   * `2G` for a fresh disk of that size, or a path for a throw-away overlay that leaves the file untouched.
   * They are the guest's /dev/vda, /dev/vdb, … in this order.
   */
  disks: withFlag(
    z
      .array(z.custom<string | DiskSpec>(isTextOrObject, 'expected a size, a path or an object'))
      .readonly()
      .default([]),
    {
      flag: '--disk <disk>',
      group: 'Disks',
      description: 'fresh disk such as 2G, or FILE[,format=qcow2|raw][,readonly][,trusted]',
    },
  ),
  /** passt where it is installed, slirp otherwise, by default (`auto`). */
  net: withFlag(z.enum([...REQUESTED_BACKENDS, 'none']).default('auto'), {
    flag: '--net <kind>',
    group: 'Network',
    description: 'network',
  }),
  /** Path of an initramfs for `kernel`; the micro image's by default. */
  initrd: reworded(makeOptions.initrd.optional(), {
    description: 'initramfs for --kernel; the agent is added to it',
  }),
  /**
   * Keeps the guest's packets where tests can delay and lose them (`NetworkFaults`): passt does not get the guest's
   * memory then (vhost-user), which is a fifth slower. False by default.
   */
  faults: z.boolean().default(false),
  /**
   * What `launch` returns: a `Machine` once commands can run in the guest (`guest`, the default), or a
   * `RunningMachine` as soon as its processors run (`running`), for guests without vmlet's agent.
   */
  until: z.enum(['guest', 'running']).default('guest'),
  /**
   * Milliseconds from QEMU's start until the guest must be ready; 120 000 by default, 600 000 for a disk, and six times as
   * much without KVM.
   */
  timeoutMs: reworded(startOptions.timeoutMs.optional(), {
    otherwise: '2m; 10m for a disk; six times as long without KVM',
  }),
});

/** The options of a launch that a command line has flags for. */
export const launchFlags = flagsOf(launchSchema);

/** What the user of the library asks for. Everything is optional. */
export interface LaunchOptions extends Readonly<z.input<typeof launchSchema>> {
  /**
   * Private networks that it is in beside `net`, 8 at most: a network, by which the others find it under its `name`, or
   * `{ network, name }` for another name there.
   */
  readonly networks?: readonly NetworkInput[];
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
