import * as z from 'zod';
import { makeOptions, shareOptions } from '../../machine/spec/machine-options.ts';
import { flagsOf, reworded, withFlag } from '../../machine/spec/option-flag.ts';
import { recordOf } from '../../util/options/record-of.ts';
import { commandSchema } from './machine-spec.ts';
import { namedOptions } from './named-options.ts';

export const createSchema = z.strictObject({
  /** Letters, digits and hyphens, no hyphen at either end, at most 63; also the guest's host name. */
  name: z.string(),
  /**
   * An image such as `debian:13`, or the path of a disk, with a slash: the first disk becomes an overlay on it. `micro`
   * mounts a disk of its own at /data, unless disks are given.
   */
  image: withFlag(z.string().min(1).optional(), {
    flag: '--image <image>',
    group: 'Boot',
    description: 'boot from an image such as debian:13 or micro, or from a disk FILE (a path with a slash)',
  }),
  /** With the path of a disk in `image`: write to the file itself. */
  adopt: withFlag(z.boolean().default(false), {
    flag: '--adopt',
    group: 'Boot',
    description:
      'with --image FILE: let the machine write to FILE itself (default: vmlet does not write to FILE, and you must not change it)',
  }),
  /**
   * Begin as this template of `micro`, with its memory: the first start continues where the template was saved. Later
   * starts boot. Its image and hardware are the template's.
   */
  template: withFlag(z.string().min(1).optional(), {
    flag: '--template <template>',
    group: 'Boot',
    description: 'start from this template, with its image, memory and hardware',
  }),
  /** Path of a CD image, from which the machine boots while no disk is bootable. */
  iso: withFlag(z.string().min(1).optional(), {
    flag: '--iso <file>',
    group: 'Boot',
    description: 'insert this CD, and boot from the CD until a disk is bootable',
  }),
  /** Path of an install medium or a directory whose kernel and initramfs are started directly, once. */
  location: withFlag(z.string().min(1).optional(), {
    flag: '--location <path>',
    group: 'Boot',
    description: 'boot the installer kernel of this ISO or directory at the first start',
  }),
  ...makeOptions,
  ...namedOptions,
  /**
   * Directories of this host in the guest, as in `./site:/srv/site:ro`, and volumes, as in `cache:/var/cache`, or
   * objects; mounted at each boot, by the agent. With `readOnly` and `copy`, a directory is copied at each start.
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
      'add a disk: SIZE of an empty disk, such as 20G, or FILE[,format=qcow2|raw][,trusted][,readonly|,adopt] (without adopt, vmlet does not write to FILE, and you must not change it); SIZE and FILE also accept [,cache=none|unsafe][,nodiscard]; see vmlet disk add --help',
  }),
  /** Kernel command line, with `location` or `kernel`; with an image, appended to its own. */
  append: reworded(makeOptions.append.optional(), {
    description:
      'kernel command line for --location or --kernel; with --image micro, words to append to the kernel command line of the image',
  }),
  /**
   * `auto` (the default) is passt if available, otherwise slirp; `bridge=NAME[:mtu=N]` is a bridge of the host. In a list,
   * each further `bridge=NAME[:mtu=N,mac=ADDRESS]` adds a card.
   */
  net: reworded(namedOptions.net, { otherwise: 'auto' }),
  /** Size of an image's disk, as in `40G`; by default 20 GiB, or the image's own if larger; 10 GiB for `micro`. */
  diskSize: reworded(makeOptions.diskSize.optional(), {
    otherwise: '20G, or the image’s own size if larger; 10G for micro',
  }),
  /** A TPM 2.0 by swtpm; none by default. */
  tpm: namedOptions.tpm.default(false),
  /** `vnc` adds a screen; the default, except for `micro` or a kernel. */
  display: reworded(namedOptions.display.optional(), { otherwise: 'vnc; none for micro and with --kernel' }),
  /** Labels, by which `vmlet ls --filter` can select the machine; none by default. */
  labels: withFlag(recordOf(z.string().min(1), z.string()), {
    flag: '-l, --label <key=value>',
    description: 'add a label, by which vmlet ls --filter can select the machine',
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
    description: 'protect the machine from removal: vmlet rm then requires --force',
  }),
});

/** The options of a new machine that have flags on a command line. */
export const createFlags = flagsOf(createSchema);

/** Options of a new machine; all but the name are optional. */
export type CreateOptions = Readonly<z.input<typeof createSchema>>;

/** Options of a new machine that passed the schema. */
export type GivenOptions = z.infer<typeof createSchema>;
