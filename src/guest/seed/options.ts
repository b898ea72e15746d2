import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { isWellFormed } from '../../util/well-formed.ts';
import { formatPublicKey, parsePublicKey } from '../ssh/ssh-public-key.ts';
import { parseOptions } from '../../util/options.ts';
import { recordOf } from '../../util/record-of.ts';

/** A file that the first boot writes. */
export interface SeedFile {
  /** Absolute. */
  readonly path: string;
  /** A text is written as UTF-8. */
  readonly content: string | Uint8Array;
  /** Permission bits; 0o644 by default. */
  readonly mode?: number;
  /** `USER` or `USER:GROUP`, there when the file is written; root by default. */
  readonly owner?: string;
}

/** What a guest becomes at its first boot; all of it may be left out. */
export interface SeedOptions {
  /** The login that is made, with sudo and without a password; the host user's name by default. `root` makes none. */
  readonly user?: string;
  /** Lines of public keys (`TYPE BASE64 comment`) that log in as the user. */
  readonly sshKeys?: readonly string[];
  /** The machine's name by default. */
  readonly hostname?: string;
  /**
   * `dhcp` (the default), or the body of a network configuration of version 2, as netplan has it: an object with
   * `ethernets` and the like, without `network:` around it.
   */
  readonly network?: 'dhcp' | Readonly<Record<string, unknown>>;
  /** Packages of the distribution; installing them needs a network. */
  readonly packages?: readonly string[];
  readonly files?: readonly SeedFile[];
  /** Lines for the guest's /bin/sh, run as root, once, at the end of the first boot. */
  readonly run?: readonly string[];
  /** As in `Europe/Berlin`; the image's own by default. */
  readonly timezone?: string;
  /**
   * User-data of one's own, of any kind that the guest's cloud-init takes; merged with the rest. 1 MiB at most. Commands
   * in it come after `run`, a script before it.
   */
  readonly userData?: string;
}

/** The options, validated and in one form each. */
export interface Seed {
  readonly user: string | undefined;
  readonly sshKeys: readonly string[];
  readonly hostname: string | undefined;
  readonly network: 'dhcp' | Readonly<Record<string, unknown>>;
  readonly packages: readonly string[];
  readonly files: readonly Required<SeedFile>[];
  readonly run: readonly string[];
  readonly timezone: string | undefined;
  readonly userData: string | undefined;
}

const MiB = 1024 * 1024;
/** cloud-init reads YAML at a few hundred kilobytes a second, and far slower where the CPU is emulated. */
const MAX_USER_DATA_BYTES = MiB;
const MAX_FILES_BYTES = MiB;

/** What useradd takes everywhere. */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

const hostname = z
  .string()
  .max(64, 'expected 64 characters at most')
  .refine((name) => name.split('.').every((label) => HOST_LABEL.test(label)), 'expected a host name');

/** Half of a surrogate pair would become another character in the guest. */
const text = z.string().refine(isWellFormed, 'it holds half of a surrogate pair, which is not Unicode text');

const line = text
  .min(1, 'expected something')
  .refine((text) => !text.includes('\0'), 'it must not hold a NUL');

const fileSchema = z.strictObject({
  path: text.regex(/^\/[^\0]*[^\0/]$/, 'expected the absolute path of a file'),
  content: z.union([text, z.instanceof(Uint8Array)]),
  mode: z.int().min(0).max(0o7777).default(0o644),
  owner: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/, 'expected USER or USER:GROUP')
    .default('root:root'),
});

const optionsSchema = z.strictObject({
  user: z.string().regex(USER_NAME, 'expected the name of a user').optional(),
  sshKeys: z.array(z.string()).default([]),
  hostname: hostname.optional(),
  network: z.union([z.literal('dhcp'), recordOf(z.string(), z.unknown())]).default('dhcp'),
  packages: z.array(text.regex(/^[A-Za-z0-9@][^\s\0]*$/, 'expected the name of a package')).default([]),
  files: z.array(fileSchema).default([]),
  run: z.array(line).default([]),
  timezone: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'expected a time zone, as in Europe/Berlin')
    .optional(),
  userData: text.optional(),
});

/** @throws InvalidInputError that names the field, what it held and what would be right. */
export function parseSeedOptions(options: SeedOptions): Seed {
  const { user, hostname, timezone, userData, network, ...lists } = parseOptions(
    optionsSchema,
    options,
    'seed',
  );
  checkSizes(lists.files, userData);
  return {
    ...lists,
    network: network === 'dhcp' ? network : checkedNetwork(network),
    sshKeys: lists.sshKeys.map(checkedKey),
    user,
    hostname,
    timezone,
    userData,
  };
}

function checkedKey(text: string, index: number): string {
  const key = parsePublicKey(text);
  if (key && !/[\r\n\0]/.test(text.trim())) {
    const comment = text.trim().slice(formatPublicKey(key).length).trim();
    return comment === '' ? formatPublicKey(key) : `${formatPublicKey(key)} ${comment}`;
  }
  throw new InvalidInputError(
    `sshKeys[${index}]`,
    `${JSON.stringify(text)} is not one line of an ssh public key`,
    { hint: 'give what is in a .pub file' },
  );
}

function checkedNetwork(network: Record<string, unknown>): Record<string, unknown> {
  if ('network' in network) {
    throw new InvalidInputError('network', 'has a "network" around it', { hint: 'give what is in it' });
  }
  if ('version' in network && network['version'] !== 2) {
    throw new InvalidInputError('network', `is of version ${JSON.stringify(network['version'])}`, {
      hint: 'give a configuration of version 2, as netplan has it',
    });
  }
  return network;
}

function checkSizes(files: readonly Required<SeedFile>[], userData: string | undefined): void {
  const filesBytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (filesBytes > MAX_FILES_BYTES) {
    throw new InvalidInputError(
      'files',
      `are ${filesBytes} bytes; at most ${MAX_FILES_BYTES} go into a seed`,
      {
        hint: 'copy large files into the running machine',
      },
    );
  }
  const bytes = userData === undefined ? 0 : Buffer.byteLength(userData);
  if (bytes > MAX_USER_DATA_BYTES) {
    throw new InvalidInputError('userData', `is ${bytes} bytes; at most ${MAX_USER_DATA_BYTES} are taken`, {
      hint: 'have it fetch or copy what is large later',
    });
  }
}
