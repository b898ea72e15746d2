import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { isWellFormed } from '../../util/options/well-formed.ts';
import { formatPublicKey, parsePublicKey } from '../ssh/ssh-public-key.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { recordOf } from '../../util/options/record-of.ts';
import { userDataKind } from './user-data-kind.ts';

/** A file to write at the first boot. */
export interface SeedFile {
  /** Absolute path. */
  readonly path: string;
  /** A string is written as UTF-8. */
  readonly content: string | Uint8Array;
  /** Permission bits; 0o644 by default. */
  readonly mode?: number;
  /** `USER` or `USER:GROUP`, which must exist when the file is written; root by default. */
  readonly owner?: string;
}

/** Configuration of a guest at its first boot; all optional. */
export interface SeedOptions {
  /** User to create, with sudo and without a password; the host user's name by default. `root` creates none. */
  readonly user?: string;
  /** Lines of public keys (`TYPE BASE64 comment`) that may log in as the user. */
  readonly sshKeys?: readonly string[];
  /** The machine's name by default. */
  readonly hostname?: string;
  /**
   * `dhcp` (the default), or the contents of a network configuration of version 2, as for netplan: an object with
   * `ethernets` etc., without an enclosing `network:`.
   */
  readonly network?: 'dhcp' | Readonly<Record<string, unknown>>;
  /** Packages of the distribution to install; this needs a network. */
  readonly packages?: readonly string[];
  readonly files?: readonly SeedFile[];
  /** Lines for /bin/sh in the guest, run once as root at the end of the first boot. */
  readonly run?: readonly string[];
  /** Such as `Europe/Berlin`; the image's own by default. */
  readonly timezone?: string;
  /**
   * The user's own user-data, of any kind that the guest's cloud-init supports, merged with the rest; at most 1 MiB. Its
   * commands run after `run`, a script before it.
   */
  readonly userData?: string;
}

/** Validated options, normalized. */
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
/** cloud-init parses a few hundred kilobytes of YAML per second, and far less on an emulated CPU. */
const MAX_USER_DATA_BYTES = MiB;
const MAX_FILES_BYTES = MiB;

/** User names that useradd accepts everywhere. */
const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

const hostname = z
  .string()
  .max(64, 'expected at most 64 characters')
  .refine(
    (name) => name.split('.').every((label) => HOST_LABEL.test(label)),
    'expected a host name of letters, digits and "-", such as web or web.example.org',
  );

/** An unpaired surrogate would become another character in the guest. */
const text = z.string().refine(isWellFormed, 'expected valid Unicode without unpaired surrogates');

const line = text
  .min(1, 'must not be empty')
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character');

const fileSchema = z.strictObject({
  path: text.regex(/^\/[^\0]*[^\0/]$/, 'expected the absolute path of a file in the guest'),
  content: z.union([text, z.instanceof(Uint8Array)]),
  mode: z.int().min(0).max(0o7777).default(0o644),
  owner: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/, 'expected USER or USER:GROUP')
    .default('root:root'),
});

export const seedSchema = z.strictObject({
  user: z
    .string()
    .regex(
      USER_NAME,
      'expected a user name of at most 32 lower-case letters, digits, "_" and "-", beginning with a letter or "_"',
    )
    .optional(),
  sshKeys: z.array(z.string()).default([]),
  hostname: hostname.optional(),
  network: z.union([z.literal('dhcp'), recordOf(z.string(), z.unknown())]).default('dhcp'),
  packages: z
    .array(text.regex(/^[A-Za-z0-9@][^\s\0]*$/, 'expected a package name without spaces, such as nginx'))
    .default([]),
  files: z.array(fileSchema).default([]),
  run: z.array(line).default([]),
  timezone: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'expected a time zone such as Europe/Berlin')
    .optional(),
  userData: text.optional(),
});

/** @throws InvalidInputError that names the field, its value and the expected one. */
export function parseSeedOptions(options: SeedOptions): Seed {
  const { user, hostname, timezone, userData, network, ...lists } = parseOptions(seedSchema, options, 'seed');
  checkContents(lists.files, userData);
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
    `invalid ssh public key ${JSON.stringify(text)}: expected one line, such as ssh-ed25519 AAAA… me@host`,
    { hint: 'use the contents of a .pub file' },
  );
}

function checkedNetwork(network: Record<string, unknown>): Record<string, unknown> {
  if ('network' in network) {
    throw new InvalidInputError('network', 'must not contain the top-level key "network"', {
      hint: 'remove this key, and put its contents at the top level: version, ethernets, …',
    });
  }
  if ('version' in network && network['version'] !== 2) {
    throw new InvalidInputError(
      'network',
      `unsupported version ${JSON.stringify(network['version'])}: expected 2`,
      {
        hint: 'use version 2, the format of netplan',
      },
    );
  }
  return network;
}

function checkContents(files: readonly Required<SeedFile>[], userData: string | undefined): void {
  const filesBytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (filesBytes > MAX_FILES_BYTES) {
    throw new InvalidInputError(
      'files',
      `too large: ${filesBytes} bytes in total (limit: ${MAX_FILES_BYTES} bytes)`,
      {
        hint: 'copy large files into the running guest: vmlet cp',
      },
    );
  }
  if (userData === undefined) return;
  const bytes = Buffer.byteLength(userData);
  if (bytes > MAX_USER_DATA_BYTES) {
    throw new InvalidInputError(
      'userData',
      `too large: ${bytes} bytes (limit: ${MAX_USER_DATA_BYTES} bytes)`,
      {
        hint: 'let a command in user-data download large files, or copy them into the running guest: vmlet cp',
      },
    );
  }
  // Before an image is pulled for it.
  userDataKind(userData);
}
