import { InvalidInputError } from '../../errors/index.ts';
import { sshHostName } from './known-hosts.ts';

/** Settings of ssh for one machine. Paths are absolute. */
export interface SshHost {
  /** The machine's name, without `.vmlet`. */
  readonly machine: string;
  /** Further names, such as `db.lan` in a private network; none by default. */
  readonly aliases?: readonly string[] | undefined;
  /** Address for port 22: 127.0.0.1 with the published port, or the guest's own address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  /** known_hosts file of the machine; ssh adds the host key while it is unknown. */
  readonly knownHostsFile: string;
  /** Command line that connects to the ssh server in place of address and port; none by default. */
  readonly proxyCommand?: readonly string[] | undefined;
  /** False lets the first connection record the host key; later ones compare it. */
  readonly hostKeyKnown: boolean;
}

/**
 * Formats the file that a user's ~/.ssh/config includes. ssh accepts it only if nobody else can write to it.
 * @throws InvalidInputError for a path or a user that ssh_config cannot express.
 */
export function sshConfig(hosts: readonly SshHost[]): string {
  return `# Written by vmlet. Your changes will be overwritten.\n${hosts.map(hostBlock).join('')}`;
}

/** Replaces the names of the only machine in a text of `sshConfig`; ways to its server do not change. */
export function withHostNames(text: string, host: Pick<SshHost, 'machine' | 'aliases'>): string {
  return text.replace(/^Host .*$/m, hostLine(host));
}

function hostLine({ machine, aliases = [] }: Pick<SshHost, 'machine' | 'aliases'>): string {
  return `Host ${[sshHostName(machine), ...aliases].join(' ')}`;
}

function hostBlock(host: SshHost): string {
  const name = sshHostName(host.machine);
  return [
    '',
    hostLine(host),
    `  HostName ${quoted('address', host.address.replaceAll('%', '%%'))}`,
    `  Port ${host.port}`,
    `  User ${userWord(host.user)}`,
    `  IdentityFile ${quotedPath('identityFile', host.identityFile)}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${quotedPath('knownHostsFile', host.knownHostsFile)}`,
    '  GlobalKnownHostsFile /dev/null',
    `  HostKeyAlias ${name}`,
    `  StrictHostKeyChecking ${host.hostKeyKnown ? 'yes' : 'accept-new'}`,
    '  CheckHostIP no',
    // A user's "Host *" may set a jump host, from which the machine is unreachable. The first setting counts.
    host.proxyCommand ? `  ProxyCommand ${commandLine(host.proxyCommand)}` : '  ProxyJump none',
    '  LogLevel ERROR',
    '',
  ].join('\n');
}

/**
 * Quotes a word of ssh_config(5). A quoted word may contain spaces and `#`; a backslash escapes only `"` and `\`.
 * @throws InvalidInputError
 */
function quoted(field: string, value: string): string {
  if (value === '' || /[\0-\x1f\x7f]/.test(value)) {
    throw new InvalidInputError(
      field,
      `invalid value ${JSON.stringify(value)}: ssh's configuration allows no empty value and no control characters`,
    );
  }
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Quotes for the user's shell, which ssh starts after it has expanded `%` tokens. */
function commandLine(words: readonly string[]): string {
  if (words.some((word) => /[\0-\x1f\x7f]/.test(word))) {
    throw new InvalidInputError(
      'proxyCommand',
      "contains a control character, which ssh's configuration does not allow",
    );
  }
  return words
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ')
    .replaceAll('%', '%%');
}

/** Only newer versions of ssh expand tokens in a user name, so a name with them is rejected. */
function userWord(user: string): string {
  if (/[%$]/.test(user))
    throw new InvalidInputError(
      'user',
      `${JSON.stringify(user)} contains "%" or "$", which ssh may replace with other text`,
      { hint: 'choose a user name without these characters' },
    );
  return quoted('user', user);
}

/** Quotes a path of an option in which ssh expands `%` tokens and variables. */
function quotedPath(field: string, path: string): string {
  if (path.includes('${')) {
    throw new InvalidInputError(
      field,
      `${JSON.stringify(path)} contains "\${", which ssh expands as a variable`,
    );
  }
  return quoted(field, path.replaceAll('%', '%%'));
}

/** Files of an Include line: one file, or with `glob` all that match behind the path. */
export interface IncludedFiles {
  readonly path: string;
  /** Such as `/*\/config`, with the syntax of glob(7). */
  readonly glob?: string | undefined;
}

/**
 * Returns the line that includes files, for the top of ~/.ssh/config.
 * @throws InvalidInputError for a path that ssh_config cannot express.
 */
export function includeLine({ path, glob = '' }: IncludedFiles): string {
  return `Include ${quoted('path', `${includePattern(path)}${glob}`)}`;
}

/**
 * Escapes a path as a glob(7) pattern. Newer versions of ssh (10.0 does) first expand `%` tokens and variables in it,
 * older ones do not: only "any character" matches in both.
 */
function includePattern(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&').replace(/[%$]/g, '?');
}

/**
 * Adds the Include line to a user's ~/.ssh/config, at the top unless it is already there: below a Host line it would
 * apply to that host only.
 * @param home replaces `~` in existing Include lines.
 */
export function includeInConfig(
  text: string,
  files: IncludedFiles,
  home: string,
): { readonly included: boolean; readonly text: string } {
  if (includesForAll(text, files, home)) return { included: true, text };
  return { included: false, text: `${includeLine(files)}\n${text === '' ? '' : `\n${text}`}` };
}

/** Removes the lines that include only these files, and an empty line after each. */
export function excludeFromConfig(text: string, files: IncludedFiles, home: string): string {
  const kept: string[] = [];
  let removed = false;
  for (const line of text.split('\n')) {
    const wasRemoved: boolean = removed;
    const { keyword, values } = splitLine(line, home);
    removed = keyword === 'include' && values.length > 0 && values.every((value) => isOurs(value, files));
    if (!removed && !(wasRemoved && line === '')) kept.push(line);
  }
  return kept.join('\n');
}

function includesForAll(text: string, files: IncludedFiles, home: string): boolean {
  for (const line of text.split('\n')) {
    const { keyword, values } = splitLine(line, home);
    if (keyword === 'host' || keyword === 'match') return false;
    if (keyword === 'include' && values.some((value) => isOurs(value, files))) return true;
  }
  return false;
}

function isOurs(value: string, { path, glob = '' }: IncludedFiles): boolean {
  return [path, includePattern(path)].some((pattern) => `${pattern}${glob}` === value);
}

function splitLine(line: string, home: string): { readonly keyword: string; readonly values: string[] } {
  const [keyword = '', ...values] = words(line.replace(/^(\s*\w+)\s*=/, '$1 '));
  return {
    keyword: keyword.toLowerCase(),
    values: values.map((value) => value.replace(/^~(?=\/)/, () => home)),
  };
}

/** Splits a line into words by OpenSSH's rules. */
function words(line: string): string[] {
  const found: string[] = [];
  const word = /"((?:\\["'\\]|[^"])*)"|'((?:\\["'\\]|[^'])*)'|((?:\\["'\\ ]|[^\s"'])+)/y;
  for (let at = 0; at < line.length;) {
    if (/\s/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    if (line.charAt(at) === '#') break;
    word.lastIndex = at;
    const match = word.exec(line);
    if (!match) break;
    found.push((match[1] ?? match[2] ?? match[3] ?? '').replace(/\\(["'\\])/g, '$1'));
    at = word.lastIndex;
  }
  return found;
}
