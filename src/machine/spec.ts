import type { Logger } from 'pino';
import type { Writable } from 'node:stream';
import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';
import type { BuildProgress } from '../images/micro.ts';
import { type PortForward, type PortInput, parsePortForwards } from '../passt/port.ts';
import type { DiskFormat } from '../images/disk-info.ts';
import { type DiskSpec, parseDiskSpec } from './disk-spec.ts';
import { checkAppend } from './kernel-command-line.ts';
import { parseMemory } from './memory-size.ts';

const MiB = 1024 * 1024;

/** What the user of the library asks for. Everything is optional. */
export interface LaunchOptions {
  /**
   * Name of an image; `micro`, the built-in small Linux, by default. With a slash it is the path of a disk to boot
   * from, as in `disks`: the guest writes into a throw-away overlay. Not together with `kernel`.
   */
  readonly image?: string;
  /** Path of a Linux kernel to boot instead of an image's. */
  readonly kernel?: string;
  /** Path of an initramfs for `kernel`; the micro image's by default. */
  readonly initrd?: string;
  /** More of the kernel's command line, after ours: later words win. */
  readonly append?: string;
  /** A label for logs, process lists and the guest's host name; `vmlet` by default. */
  readonly name?: string;
  /** Bytes, or a size such as `512M`; 256 MiB by default. */
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
  /** `auto` (the default) takes KVM where it has been proved to work. */
  readonly accel?: 'auto' | 'kvm' | 'tcg';
  /**
   * What `launch` returns: a `Machine` once commands can run in the guest (`guest`, the default), or a
   * `RunningMachine` as soon as its processors run (`running`), for guests without vmlet's agent.
   */
  readonly until?: 'guest' | 'running';
  /** Milliseconds from QEMU's start until the guest must be ready; 120 000 by default. */
  readonly timeoutMs?: number;
  /** Aborting ends the launch, and later the machine. */
  readonly signal?: AbortSignal;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Called while the image has to be built first. */
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Gets a copy of what the guest writes on its serial console. */
  readonly console?: Writable;
}

/** The options, validated and in one form each. Defaults that depend on the host are not yet chosen. */
export interface Spec {
  readonly name: string;
  readonly boot:
    | { readonly kind: 'image'; readonly image: string }
    | { readonly kind: 'disk'; readonly path: string; readonly format: DiskFormat }
    | { readonly kind: 'kernel'; readonly kernel: string; readonly initrd: string | undefined };
  readonly append: string | undefined;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly disks: readonly DiskSpec[];
  readonly ports: readonly PortForward[];
  readonly net: 'auto' | 'passt' | 'slirp' | 'none';
  readonly accel: 'auto' | 'kvm' | 'tcg';
  readonly until: 'guest' | 'running';
  readonly timeoutMs: number;
}

const hostName = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

const launchOptionsSchema = z.strictObject({
  image: z.string().min(1).optional(),
  kernel: z.string().min(1).optional(),
  initrd: z.string().min(1).optional(),
  append: z.string().optional(),
  name: z.string().regex(hostName, 'expected letters, digits and inner hyphens, 63 at most').default('vmlet'),
  memory: z.union([z.number(), z.string()], 'expected bytes, or a size such as 512M').default(256 * MiB),
  cpus: z.int().min(1).max(255).default(1),
  disks: z
    .array(z.union([z.string(), z.looseObject({})], 'expected a size, a path or an object'))
    .default([]),
  ports: z.array(z.union([z.string(), z.looseObject({})], "expected a port in podman's grammar")).default([]),
  net: z.enum(['auto', 'passt', 'slirp', 'none']).default('auto'),
  accel: z.enum(['auto', 'kvm', 'tcg']).default('auto'),
  until: z.enum(['guest', 'running']).default('guest'),
  timeoutMs: z
    .number()
    .positive()
    .max(2 ** 31 - 1)
    .default(120_000),
});

/** @throws InvalidInputError that names the field, what it held and what would be right. */
export function parseSpec(options: LaunchOptions): Spec {
  const { signal: _signal, log: _log, console: _console, onProgress: _onProgress, ...data } = options;
  const parsed = launchOptionsSchema.safeParse(withoutUndefined(data));
  if (!parsed.success) throw inputErrorOf(parsed.error, data);
  const valid = parsed.data;
  if (valid.net === 'none' && valid.ports.length > 0) {
    throw new InvalidInputError('ports', 'a machine without a network has none to forward', {
      hint: 'leave out net: none, or the ports',
    });
  }
  checkAppend(valid.append);
  return {
    name: valid.name,
    boot: bootOf(valid),
    append: valid.append,
    memoryBytes: parseMemory(valid.memory),
    cpus: valid.cpus,
    disks: (valid.disks as (string | DiskSpec)[]).map((disk, index) =>
      parseDiskSpec(disk, `disks[${index}]`),
    ),
    ports: parsePortForwards(valid.ports as PortInput[]),
    net: valid.net,
    accel: valid.accel,
    until: valid.until,
    timeoutMs: valid.timeoutMs,
  };
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
  const image = options.image ?? 'micro';
  return image.includes('/') ? bootDiskOf(image) : { kind: 'image', image };
}

function bootDiskOf(image: string): Spec['boot'] {
  const disk = parseDiskSpec(image, 'image');
  if (!('path' in disk))
    throw new InvalidInputError('image', `${JSON.stringify(image)} is not the path of a disk`);
  return { kind: 'disk', path: disk.path, format: disk.format };
}

function withoutUndefined(data: object): object {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}

function inputErrorOf(error: z.ZodError, data: object): InvalidInputError {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const known = Object.keys(launchOptionsSchema.shape).join(', ');
    return new InvalidInputError(issue.keys.join(', '), 'is not an option', {
      hint: `known options: ${known}`,
    });
  }
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : inner,
    data,
  );
  const field = path.map((key, index) =>
    typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`,
  );
  return new InvalidInputError(
    field.join('') || 'options',
    `${typeof value === 'number' ? value : JSON.stringify(value)}: ${issue?.message ?? 'is not valid'}`,
  );
}
