import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { SeedFile, SeedOptions } from '../../index.ts';
import { contentOf, textOf } from './file-of-flag.ts';
import { collect } from './flag-values.ts';

/** Flags that set up a guest at its first boot. */
export interface SeedFlags {
  readonly cloudInit?: true;
  readonly username?: string;
  readonly sshKey?: readonly string[];
  readonly hostname?: string;
  readonly package?: readonly string[];
  readonly file?: readonly string[];
  readonly firstbootCommand?: readonly string[];
  readonly timezone?: string;
  readonly userData?: string;
  readonly networkConfig?: string;
}

const LARGE_USER_DATA = 'give a smaller file; to copy large files, let a command in user-data download them';

const PUBLIC_KEY = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ +[A-Za-z0-9+/=]{16,}/;

export const SEED_FLAGS: readonly Option[] = [
  new Option(
    '--cloud-init',
    'let cloud-init set up the guest at its first boot: install vmlet’s agent, create a user, apply the options below ' +
      '(on by default if one of these options is given, or if the image has cloud-init but not vmlet’s agent)',
  ),
  new Option(
    '--username <name>',
    'name of the user to create; the user may use sudo (default: your user name)',
  ),
  new Option(
    '--ssh-key <file>',
    'public ssh key to authorize: a .pub file, or the key itself; repeatable',
  ).argParser(collect),
  new Option('--hostname <name>', "host name of the guest (default: the machine's name)"),
  new Option('--package <packages>', 'packages to install, separated by commas; repeatable').argParser(
    collect,
  ),
  new Option(
    '--file <file:guest[:mode]>',
    'file to copy into the guest, such as app.conf:/etc/app.conf:0600; repeatable',
  ).argParser(collect),
  new Option('--firstboot-command <line>', 'shell command to run once, as root; repeatable').argParser(
    collect,
  ),
  new Option('--timezone <zone>', 'time zone such as Europe/Berlin'),
  new Option('--user-data <file>', 'file with cloud-init user-data, merged with the other options'),
  new Option('--network-config <file>', 'file with a netplan configuration, version 2 (default: DHCP)'),
].map((flag) => flag.helpGroup('First boot of an image with cloud-init:'));

/** Flags by the library's names in `seed`. */
export const SEED_OPTIONS: Readonly<Record<string, string | undefined>> = {
  user: '--username',
  sshKeys: '--ssh-key',
  hostname: '--hostname',
  packages: '--package',
  files: '--file',
  run: '--firstboot-command',
  timezone: '--timezone',
  userData: '--user-data',
  network: '--network-config',
};

export function addSeedFlags(command: Command): Command {
  for (const flag of SEED_FLAGS) command.addOption(flag);
  return command;
}

/**
 * Returns the seed that the flags describe, with files read; undefined if no flag was given.
 * @throws InvalidInputError for files that are unreadable or invalid.
 */
export async function seedOptions(flags: SeedFlags): Promise<SeedOptions | undefined> {
  const given = {
    user: flags.username,
    sshKeys: flags.sshKey?.flatMap(publicKeysOf),
    hostname: flags.hostname,
    packages: flags.package?.flatMap(packagesOf),
    files: flags.file?.map(fileOf),
    run: flags.firstbootCommand,
    timezone: flags.timezone,
    userData:
      flags.userData === undefined
        ? undefined
        : textOf(flags.userData, 'user-data', { large: LARGE_USER_DATA }),
    network: flags.networkConfig === undefined ? undefined : await networkOf(flags.networkConfig),
  };
  const seed = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.keys(seed).length > 0 || flags.cloudInit === true ? seed : undefined;
}

/** Returns a key, or all keys of a file such as a .pub or an authorized_keys. */
function publicKeysOf(text: string): string[] {
  if (PUBLIC_KEY.test(text)) return [text];
  const content = textOf(text, 'ssh-key', {
    missing: 'give the path of a .pub file, or the public key itself',
  });
  if (content.includes('PRIVATE KEY-----')) {
    throw new InvalidInputError('ssh-key', `${text} is a private key; expected a public key`, {
      hint: `try: --ssh-key ${text}.pub`,
    });
  }
  const lines = content.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = keys.find((line) => !PUBLIC_KEY.test(line));
  if (keys.length > 0 && wrong === undefined) return keys;
  throw new InvalidInputError(
    'ssh-key',
    wrong === undefined
      ? `${text} contains no public key`
      : `${text} contains a line that is not a public key: ${wrong.slice(0, 80)}`,
    { hint: 'give a file in which each line begins with a key type, such as ssh-ed25519' },
  );
}

function packagesOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidInputError('package', `${JSON.stringify(text)} contains an empty name`, {
    hint: 'for example: --package nginx,postgresql',
  });
}

/** Without a mode the file keeps its permission bits, as with cp. */
function fileOf(text: string): SeedFile {
  const [, path, guestPath, mode] = /^(.+):(\/.*?)(?::([0-7]{3,4}))?$/.exec(text) ?? [];
  if (path === undefined || guestPath === undefined || /:[^/]*$/.test(guestPath)) {
    throw new InvalidInputError(
      'file',
      `invalid value ${JSON.stringify(text)}: expected FILE:GUEST[:MODE] with an absolute path as GUEST, such as app.conf:/etc/app.conf:0600`,
    );
  }
  const bytes = contentOf(path, 'file', {
    large: 'share the directory of the file with -v, or copy the file into a named machine with vmlet cp',
  });
  return {
    path: guestPath,
    // Text stays readable in the seed and in --dry-run.
    content: isUtf8(bytes) ? bytes.toString('utf8') : bytes,
    mode: mode === undefined ? statSync(path).mode & 0o777 : Number.parseInt(mode, 8),
  };
}

async function networkOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = textOf(path, 'network-config');
  const { parse } = await import('yaml');
  let data: unknown;
  try {
    data = parse(text, { version: '1.1', logLevel: 'error' });
  } catch (error) {
    const [problem] = (error as Error).message.split('\n');
    throw new InvalidInputError('network-config', `${path} is not YAML: ${problem ?? ''}`, { cause: error });
  }
  // The file may have netplan's outer `network:` key.
  const inner =
    isMapping(data) && Object.keys(data).length === 1 && 'network' in data ? data['network'] : data;
  if (isMapping(inner)) return inner;
  throw new InvalidInputError('network-config', `${path} is not a YAML mapping`, {
    hint: 'give a netplan configuration with the keys version and ethernets',
  });
}

function isMapping(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
