import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { UEFI_KINDS } from '../../host/firmware/firmware.ts';
import { hardwareOptions } from '../../machine/spec/machine-options.ts';
import { REQUESTED_BACKENDS } from '../../network/plan/network.ts';
import { CPU_LEVELS } from '../../util/cpu-level.ts';
import { issueWords } from '../../util/issue-words.ts';
import { recordOf } from '../../util/record-of.ts';

/** Of the shape below; an older one is migrated when it is read, a newer one is refused. */
export const SPEC_VERSION = 1;

const HOST_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
const NAME_RULE =
  'expected letters, digits and inner hyphens, 63 at most, which are the guest’s host name too';

export const DISPLAYS = ['vnc', 'none'] as const;

const format = z.enum(['qcow2', 'raw']);

export interface Backing {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  readonly backing?: Backing | undefined;
}

const backingSchema: z.ZodType<Backing> = z.lazy(() =>
  z.strictObject({ path: z.string().startsWith('/'), format, backing: backingSchema.optional() }),
);

const diskSchema = z.strictObject({
  /** The block node's name, the disk's serial and its name in commands. Its number is that of its port. */
  name: z.string().regex(/^disk\d{1,2}$/),
  /** A name in the machine's own directory of disks, or an absolute path. */
  file: z.string().min(1),
  /** Whether the file goes with the machine's storage. */
  owned: z.boolean(),
  format,
  /** All that it stands on, in full. */
  backing: backingSchema.optional(),
  readOnly: z.boolean(),
  cache: z.enum(['writeback', 'none', 'unsafe']),
  discard: z.boolean(),
});

const cdromSchema = z.strictObject({
  name: z.string().regex(/^cdrom\d+$/),
  path: z.string().startsWith('/').optional(),
});

const forwardSchema = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  hostAddress: z.string(),
  /** Chosen at each start where it is left out. */
  hostPort: z.int().min(1).max(65_535).optional(),
  guestPort: z.int().min(1).max(65_535),
});

const firmwareFile = z.strictObject({ path: z.string().startsWith('/'), format });

/** UEFI's files as they were chosen for this machine: its variables belong to that code. */
const firmwareSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bios') }),
  z.strictObject({
    kind: z.enum(UEFI_KINDS),
    code: firmwareFile,
    varsTemplate: firmwareFile,
    secureBoot: z.boolean(),
    needsSmm: z.boolean(),
  }),
]);

const bootSchema = z.discriminatedUnion('kind', [
  /** The firmware looks for something to boot: the disks, then the CD. */
  z.strictObject({ kind: z.literal('firmware') }),
  z.strictObject({ kind: z.literal('image'), image: z.string(), append: z.string().optional() }),
  z.strictObject({
    kind: z.literal('kernel'),
    kernel: z.string(),
    initrd: z.string().optional(),
    append: z.string().optional(),
  }),
]);

const specSchema = z.strictObject({
  version: z.literal(SPEC_VERSION),
  /** Names its directories for logs and sockets; never changes. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** SMBIOS's, which the guest sees. */
  uuid: z.uuid(),
  name: z.string().regex(HOST_NAME),
  createdAt: z.iso.datetime(),
  memoryBytes: z.int().positive(),
  ...hardwareOptions,
  /** What QEMU may use of the host. */
  limits: z
    .strictObject({ cpus: z.number().positive().optional(), memoryBytes: z.int().positive().optional() })
    .optional(),
  /** What its image is compiled for, where that is known. */
  cpuLevel: z.enum(CPU_LEVELS).optional(),
  firmware: firmwareSchema,
  tpm: z.boolean(),
  boot: bootSchema,
  /** The installer that starts until it has run once: its kernel, taken from its medium. */
  installer: z
    .strictObject({ kernel: z.string(), initrd: z.string().optional(), append: z.string() })
    .optional(),
  disks: z.array(diskSchema),
  cdroms: z.array(cdromSchema),
  net: z.enum([...REQUESTED_BACKENDS, 'none', 'bridge']),
  bridge: z.string().optional(),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
  ports: z.array(forwardSchema),
  /** It has a seed, from which its guest learns at its first boot who it is. */
  hasSeed: z.boolean().optional(),
  /** A clone's guest has copied its machine id and host keys, until it is told to renew them. */
  guestIdentity: z.enum(['own', 'copied']),
  /** Where ssh logs in. */
  sshUser: z.string().min(1),
  display: z.enum(DISPLAYS),
  labels: recordOf(z.string(), z.string()),
  /** Refuses to be removed. */
  protected: z.boolean(),
});

/** A named machine as its owner asked for it; `spec.json`. Defaults that do not depend on the host are in it. */
export type MachineSpec = Readonly<z.infer<typeof specSchema>>;
export type StoredDisk = Readonly<z.infer<typeof diskSchema>>;
export type StoredCdrom = Readonly<z.infer<typeof cdromSchema>>;
export type StoredForward = Readonly<z.infer<typeof forwardSchema>>;

type Migration = (older: Record<string, unknown>) => Record<string, unknown>;

/** `migrations[n]` makes version n + 1 of version n. There is none yet: the first version is 1. */
const migrations: Readonly<Record<number, Migration>> = {};

/**
 * @throws InvalidInputError that says what is wrong with the text.
 */
export function parseMachineSpec(text: string, path: string): MachineSpec {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError(path, 'is not JSON', { cause: error });
  }
  const parsed = readSpecOf(migrate(data, path), path);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new InvalidInputError(path, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not valid'}`, {
    cause: parsed.error,
  });
}

function readSpecOf(data: unknown, path: string): ReturnType<typeof specSchema.safeParse> {
  try {
    return specSchema.safeParse(data, { error: issueWords });
  } catch (error) {
    // More layers of disks than there is room for on the stack.
    if (error instanceof RangeError)
      throw new InvalidInputError(path, 'has disks on too many others', { cause: error });
    throw error;
  }
}

function migrate(data: unknown, path: string): unknown {
  if (typeof data !== 'object' || data === null) return data;
  let current = data as Record<string, unknown>;
  if (typeof current['version'] === 'number' && current['version'] > SPEC_VERSION) {
    throw new InvalidInputError(
      path,
      `is of version ${current['version']}, and this vmlet knows ${SPEC_VERSION}`,
      {
        hint: 'use the newer vmlet that wrote it',
      },
    );
  }
  for (;;) {
    const step = typeof current['version'] === 'number' ? migrations[current['version']] : undefined;
    if (!step) return current;
    current = step(current);
  }
}

export function formatMachineSpec(spec: MachineSpec): string {
  return `${JSON.stringify(spec, null, 2)}\n`;
}

/** @throws InvalidInputError */
export function checkMachineName(name: string): string {
  if (HOST_NAME.test(name)) return name;
  throw new InvalidInputError('name', `${JSON.stringify(name)} cannot name a machine; ${NAME_RULE}`);
}
