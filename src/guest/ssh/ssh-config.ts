import { InvalidInputError } from '../../errors/index.ts';
import { sshHostName } from './known-hosts.ts';

/** How ssh reaches one machine. Paths are absolute. */
export interface SshHost {
  /** The machine's name, without `.vmlet`. */
  readonly machine: string;
  /** Where its port 22 is: 127.0.0.1 and the published port, or the guest's own address and 22. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  /** The machine's own; ssh writes to it while the host key is not known. */
  readonly knownHostsFile: string;
  /** False lets the first connection learn the key; every later one compares. */
  readonly hostKeyKnown: boolean;
}

/**
 * The text of the file that a user's ~/.ssh/config includes. ssh takes it only when nobody but its owner can write it.
 * @throws InvalidInputError for a path or a user that ssh_config cannot hold.
 */
export function sshConfig(hosts: readonly SshHost[]): string {
  return `# Written by vmlet; changes are lost.\n${hosts.map(hostBlock).join('')}`;
}

function hostBlock(host: SshHost): string {
  const name = sshHostName(host.machine);
  return [
    '',
    `Host ${name}`,
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
    // A user's "Host *" may send everything over a jump host, from where the machine cannot be reached.
    '  ProxyJump none',
    '  LogLevel ERROR',
    '',
  ].join('\n');
}

/**
 * A word of ssh_config(5). A quoted word may hold spaces and `#`; ssh takes a backslash before `"` and `\` only.
 * @throws InvalidInputError
 */
function quoted(field: string, value: string): string {
  if (value === '' || /[\0-\x1f\x7f]/.test(value)) {
    throw new InvalidInputError(field, `${JSON.stringify(value)} cannot be written into ssh's configuration`);
  }
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Only newer versions of ssh replace tokens in a user's name: no text with them is read alike by all. */
function userWord(user: string): string {
  if (/[%$]/.test(user)) throw new InvalidInputError('user', `${JSON.stringify(user)} holds "%" or "$"`);
  return quoted('user', user);
}

/** A path in an option in which ssh replaces `%` tokens and variables. */
function quotedPath(field: string, path: string): string {
  if (path.includes('${')) {
    throw new InvalidInputError(field, `${JSON.stringify(path)} holds "\${", which ssh takes for a variable`);
  }
  return quoted(field, path.replaceAll('%', '%%'));
}

/** What an Include line names: one file, or with `glob` all that match behind the path. */
export interface IncludedFiles {
  readonly path: string;
  /** Such as `/*\/config`; taken as glob(7) has it. */
  readonly glob?: string | undefined;
}

/**
 * The line that includes files, for the top of ~/.ssh/config.
 * @throws InvalidInputError for a path that ssh_config cannot hold.
 */
export function includeLine({ path, glob = '' }: IncludedFiles): string {
  return `Include ${quoted('path', `${includePattern(path)}${glob}`)}`;
}

/**
 * ssh takes the path for a glob(7) pattern. Newer ones (10.0 does) replace `%` tokens and variables in it before that,
 * older ones do not: "any character" is what all of them read alike.
 */
function includePattern(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&').replace(/[%$]/g, '?');
}

/**
 * What to do with a user's ~/.ssh/config. `text` has the Include line, at the top where it was missing: below a Host
 * line it would hold for that host only.
 * @param home replaces `~` in the Include lines that are there.
 */
export function includeInConfig(
  text: string,
  files: IncludedFiles,
  home: string,
): { readonly included: boolean; readonly text: string } {
  if (includesForAll(text, files, home)) return { included: true, text };
  return { included: false, text: `${includeLine(files)}\n${text === '' ? '' : `\n${text}`}` };
}

/** The text without the lines that include these files and nothing else, and without the empty line behind each. */
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

/** The words of a line, as OpenSSH takes them apart. */
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
