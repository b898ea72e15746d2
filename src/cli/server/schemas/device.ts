import * as z from 'zod';
import type {
  AddedDisk,
  ChangedCd,
  ChangedShare,
  GuestAddress,
  GuestAddresses,
  ListedDisk,
  ListedDrive,
  ListedShare,
  ListedSnapshot,
} from '../../../machines/index.ts';
import { count, jsonOf, moment } from './json.ts';

const use = {
  cache: z.enum(['writeback', 'none', 'unsafe']),
  discard: z.boolean(),
  readOnly: z.boolean(),
};

export const disk = jsonOf<ListedDisk>()({
  name: z.string(),
  ...use,
  path: z.string(),
  id: z.string().describe('Changes when another disk gets the name'),
  format: z.enum(['qcow2', 'raw']),
  owned: z.boolean().describe('A removal of the storage of the machine deletes the file'),
  temporary: z.literal(true).optional().describe('Every removal of the machine deletes the file'),
  backingPath: z.string().optional(),
  virtualBytes: count.optional(),
  actualBytes: count.optional(),
  problem: z.string().optional(),
  nextStart: jsonOf<NonNullable<ListedDisk['nextStart']>>()(use)
    .optional()
    .describe('The use from the next start on, if it differs'),
  port: z.string().optional(),
});

/** The end of a command in the guest, and its output. */
export const commandResult = z.strictObject({
  exitCode: z.int().optional(),
  signal: z
    .string()
    .optional()
    .describe('The signal that killed it, such as SIGKILL, instead of an exit code'),
  stdout: z.string().describe('At most 1 MiB. Bytes that are not UTF-8 are replaced'),
  stderr: z.string(),
  truncated: z.boolean().describe('There was more output'),
});

export const addedDisk = jsonOf<AddedDisk>()({
  name: z.string(),
  path: z.string(),
  port: z.string().optional(),
});

export const drive = jsonOf<ListedDrive>()({
  name: z.string(),
  path: z.string().optional(),
  locked: z.boolean().optional(),
  open: z.boolean().optional(),
});

const takesEffect = z.enum(['now', 'next start']);
export const changedDrive = jsonOf<ChangedCd>()({ drive: z.string(), takesEffect });

const id = z.int().min(0);

export const share = jsonOf<ListedShare>()({
  type: z.enum(['bind', 'volume', 'tmpfs']),
  target: z.string(),
  source: z.string().optional(),
  readOnly: z.boolean(),
  copy: z.boolean(),
  cache: z.enum(['auto', 'always', 'never']).optional(),
  ids: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('squash'), uid: id, gid: id }),
      z.strictObject({ kind: z.literal('host') }),
    ])
    .optional(),
  live: z.boolean(),
  removed: z.boolean(),
  problem: z.string().optional(),
});

export const changedShare = jsonOf<ChangedShare>()({ target: z.string(), takesEffect });

export const snapshot = jsonOf<ListedSnapshot>()({
  name: z.string(),
  createdAt: moment,
  memoryBytes: count,
  missingOn: z.array(z.string()),
  parent: z
    .string()
    .optional()
    .describe('The snapshot that the machine continued from when it took this one, if vmlet recorded it'),
  current: z.boolean().describe('The disks continue from it'),
});

export const addresses = {
  source: z.enum([
    ...(['vmlet-agent', 'qemu-guest-agent', 'passt', 'slirp', 'private-network', 'neighbours'] as const),
  ]) satisfies z.ZodType<GuestAddresses['source']>,
  addresses: z.array(
    jsonOf<GuestAddress>()({
      interface: z.string().optional(),
      address: z.string(),
      prefix: z.int().optional(),
    }),
  ),
};

/** A file of the guest. */
export const guestEntry = z.strictObject({
  name: z.string(),
  kind: z.enum(['file', 'directory', 'link', 'other']),
  bytes: count,
  mode: count.describe('Permission bits'),
  modifiedAt: moment,
});
