import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { UEFI_KINDS } from '../../host/firmware/firmware.ts';
import { hardwareOptions } from '../../machine/spec/hardware-options.ts';
import { CACHE_POLICIES } from '../../machine/mount/volume-spec.ts';
import { UNICAST_MAC } from '../../network/card/mac-address.ts';
import { REQUESTED_BACKENDS } from '../../network/plan/network.ts';
import { MOST_MEMBERSHIPS, membershipSchema } from '../../network/private/membership.ts';
import { LEAST_MTU, MOST_MTU } from '../../network/private/network-record.ts';
import { CPU_LEVELS } from '../../util/system/cpu-level.ts';
import { issueWords } from '../../util/options/issue-words.ts';
import { recordOf } from '../../util/options/record-of.ts';

/** Version of the shape below; older ones are migrated when read, newer ones are rejected. */
export const SPEC_VERSION = 1;

const HOST_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
const NAME_RULE =
  'expected at most 63 letters, digits and hyphens, and no hyphen at either end; the name is also the guest’s host name';

export const DISPLAYS = ['vnc', 'none'] as const;

const format = z.enum(['qcow2', 'raw']);

export interface Backing {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
  readonly backing?: Backing | undefined;
}

// Schemas of entries that few machines have are made at their first use: together they take milliseconds.

export const backingSchema: z.ZodType<Backing> = z.lazy(() =>
  z.strictObject({ path: z.string().startsWith('/'), format, backing: backingSchema.optional() }),
);

const diskSchema = z.strictObject({
  /** Name of the block node and in commands, and serial number of the disk. Its number is that of its port. */
  name: z.string().regex(/^disk\d{1,2}$/),
  /** A file name in the machine's directory of disks, or an absolute path. */
  file: z.string().min(1),
  /** Whether removing the machine's storage removes the file. */
  owned: z.boolean(),
  /** Made by `run --detach` for its command: removing the machine always removes the file. */
  temporary: z.literal(true).optional(),
  format,
  /** All backing files. */
  backing: backingSchema.optional(),
  readOnly: z.boolean(),
  cache: z.enum(['writeback', 'none', 'unsafe']),
  discard: z.boolean(),
});

const cdromSchema = z.lazy(() =>
  z.strictObject({
    name: z.string().regex(/^cdrom\d+$/),
    path: z.string().startsWith('/').optional(),
  }),
);

/** A card on a bridge of the host, after the first card. */
const bridgeSchema = z.lazy(() =>
  z.strictObject({
    bridge: z.string(),
    mac: z.string().regex(UNICAST_MAC),
    /** The bridge's own by default. */
    mtu: z.int().min(LEAST_MTU).max(MOST_MTU).optional(),
  }),
);

const forwardSchema = z.lazy(() =>
  z.strictObject({
    protocol: z.enum(['tcp', 'udp']),
    hostAddress: z.string(),
    /** Chosen at each start when missing. */
    hostPort: z.int().min(1).max(65_535).optional(),
    guestPort: z.int().min(1).max(65_535),
  }),
);

const id = z.int().min(0);

/** Owners of files in the guest. */
const ids = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('squash'), uid: id, gid: id }),
    z.strictObject({ kind: z.literal('host') }),
  ]),
);

/** A directory of the host. */
const shareSchema = z.lazy(() =>
  z.strictObject({
    source: z.string().startsWith('/'),
    target: z.string().startsWith('/'),
    readOnly: z.boolean(),
    cache: z.enum(CACHE_POLICIES),
    ids,
    /** Name of its device, with the number of its port; by default its place in the list. */
    tag: z
      .string()
      .regex(/^share[0-7]$/)
      .optional(),
  }),
);

/** A directory of the host that is copied into the guest at each start, and never back. */
const copySchema = z.lazy(() =>
  z.strictObject({
    source: z.string().startsWith('/'),
    target: z.string().startsWith('/'),
    ids,
  }),
);

/** A named volume. */
const volumeSchema = z.lazy(() =>
  z.strictObject({
    name: z.string().min(1),
    target: z.string().startsWith('/'),
    readOnly: z.boolean(),
    /** Size and owner, if it has to be created again. */
    sizeBytes: z.int().positive(),
    owner: z.strictObject({ uid: id, gid: id }),
  }),
);

const tmpfsSchema = z.lazy(() =>
  z.strictObject({
    target: z.string().startsWith('/'),
    readOnly: z.boolean(),
    /** In the grammar of mount(8). */
    options: z.string().min(1),
  }),
);

const firmwareFile = z.strictObject({ path: z.string().startsWith('/'), format });

/** UEFI files as chosen for this machine: its variables belong to that code. */
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
  /** The firmware finds something to boot: the disks, then the CD. */
  z.strictObject({ kind: z.literal('firmware') }),
  z.strictObject({ kind: z.literal('image'), image: z.string(), append: z.string().optional() }),
  z.strictObject({
    kind: z.literal('kernel'),
    kernel: z.string(),
    initrd: z.string().optional(),
    append: z.string().optional(),
  }),
]);

/** A command that each start runs. */
export const commandSchema = z.strictObject({
  argv: z.array(z.string()).min(1),
  env: recordOf(z.string(), z.string()),
  cwd: z.string().optional(),
  user: z.string().optional(),
  /** Whether the machine and its disks are removed after it. */
  remove: z.boolean(),
});

export const specSchema = z.strictObject({
  version: z.literal(SPEC_VERSION),
  /** Name of its directories for logs and sockets; never changes. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** The UUID in SMBIOS, visible to the guest. */
  uuid: z.uuid(),
  name: z.string().regex(HOST_NAME),
  createdAt: z.iso.datetime(),
  memoryBytes: z.int().positive(),
  ...hardwareOptions,
  /** Limits of QEMU's use of the host. */
  limits: z
    .strictObject({ cpus: z.number().positive().optional(), memoryBytes: z.int().positive().optional() })
    .optional(),
  /** CPU level that its image requires, if known. */
  cpuLevel: z.enum(CPU_LEVELS).optional(),
  firmware: firmwareSchema,
  tpm: z.boolean(),
  boot: bootSchema,
  /** Kernel of the installer, taken from its medium; it boots until it has finished once. */
  installer: z
    .strictObject({ kernel: z.string(), initrd: z.string().optional(), append: z.string() })
    .optional(),
  disks: z.array(diskSchema),
  cdroms: z.array(cdromSchema),
  shares: z.array(shareSchema).optional(),
  copies: z.array(copySchema).optional(),
  volumes: z.array(volumeSchema).optional(),
  tmpfs: z.array(tmpfsSchema).optional(),
  net: z.enum([...REQUESTED_BACKENDS, 'none', 'bridge']),
  bridge: z.string().optional(),
  /** MTU of the card on the bridge; the bridge's own by default. */
  mtu: z.int().min(LEAST_MTU).max(MOST_MTU).optional(),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
  /** Further cards on bridges, after the first card. */
  bridges: z.array(bridgeSchema).max(MOST_MEMBERSHIPS).optional(),
  ports: z.array(forwardSchema),
  /** Unix sockets of the host that lead to ports of the guest. */
  sockets: z
    .array(
      z.lazy(() =>
        z.strictObject({ path: z.string().startsWith('/'), guestPort: z.int().min(1).max(65_535) }),
      ),
    )
    .optional(),
  /** Private networks, each with a card after those on bridges. */
  networks: z.array(membershipSchema).optional(),
  /** The guest learns when its memory was restored elsewhere, as the template did whose memory it began with. */
  hasGenerationId: z.boolean().optional(),
  /** True when a seed disk configures the guest at its first boot. */
  hasSeed: z.boolean().optional(),
  /** `copied`: a clone's guest still has the original's machine id and host keys. */
  guestIdentity: z.enum(['own', 'copied']),
  /** When a clone's guest got its own: earlier snapshots have the original's. */
  identityRenewedAt: z.iso.datetime().optional(),
  /** User of ssh. */
  sshUser: z.string().min(1),
  display: z.enum(DISPLAYS),
  /** The command that each start runs, and with which the machine ends. */
  command: commandSchema.optional(),
  labels: recordOf(z.string(), z.string()),
  /** Protected from removal. */
  protected: z.boolean(),
});

export type MachineCommand = Readonly<z.infer<typeof commandSchema>>;

/** The definition of a named machine, `spec.json`, including defaults that do not depend on the host. */
export type MachineSpec = Readonly<z.infer<typeof specSchema>>;
export type StoredDisk = Readonly<z.infer<typeof diskSchema>>;
export type StoredShare = Readonly<z.infer<typeof shareSchema>>;
export type StoredCopy = Readonly<z.infer<typeof copySchema>>;
export type StoredCdrom = Readonly<z.infer<typeof cdromSchema>>;
export type StoredBridge = Readonly<z.infer<typeof bridgeSchema>>;
export type StoredForward = Readonly<z.infer<typeof forwardSchema>>;

type Migration = (older: Record<string, unknown>) => Record<string, unknown>;

/** `migrations[n]` converts version n to n + 1. None so far: the first version is 1. */
const migrations: Readonly<Record<number, Migration>> = {};

/** @throws InvalidInputError that says what is wrong with the text. */
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
  throw new InvalidInputError(
    path,
    `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is invalid'}`,
    {
      cause: parsed.error,
    },
  );
}

function readSpecOf(data: unknown, path: string): ReturnType<typeof specSchema.safeParse> {
  try {
    return specSchema.safeParse(data, { error: issueWords });
  } catch (error) {
    // A backing chain too deep for the stack.
    if (error instanceof RangeError)
      throw new InvalidInputError(path, 'has a disk with too many backing files', { cause: error });
    throw error;
  }
}

function migrate(data: unknown, path: string): unknown {
  if (typeof data !== 'object' || data === null) return data;
  let current = data as Record<string, unknown>;
  if (typeof current['version'] === 'number' && current['version'] > SPEC_VERSION) {
    throw new InvalidInputError(
      path,
      `has format version ${current['version']}, but this release of vmlet supports only version ${SPEC_VERSION}`,
      {
        hint: 'update vmlet: a newer release wrote this file',
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
  throw new InvalidInputError('name', `invalid machine name ${JSON.stringify(name)}: ${NAME_RULE}`);
}
