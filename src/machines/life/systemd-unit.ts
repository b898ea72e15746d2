import { InvalidInputError } from '../../errors/index.ts';

export interface SystemdUnitOptions {
  /** Name of the machine; letters, digits and hyphens need no escaping in a unit's name. */
  readonly machine: string;
  /** Absolute paths of Node and of vmlet's command. */
  readonly node: string;
  readonly command: string;
  /** Variables of the user's shells that the user's services lack. */
  readonly environment: Readonly<Record<string, string>>;
}

/** `vmlet stop` waits 60 s for the guest, and about as long again if it has to escalate. */
const STOP_SECONDS = 150;

export function systemdUnitName(machine: string): string {
  return `vmlet-${machine}.service`;
}

/**
 * Returns the text of a user unit that runs a machine: systemd.unit(5), systemd.service(5).
 * @throws InvalidInputError for a path of Node that systemd rejects.
 */
export function systemdUnit({ machine, node, command, environment }: SystemdUnitOptions): string {
  if (/["'\\\p{Cc}]/u.test(node)) {
    throw new InvalidInputError(
      'node',
      `systemd does not support the path of this Node.js executable: ${JSON.stringify(node)}`,
      {
        hint: 'use a Node.js executable whose path contains no quotes or backslashes',
      },
    );
  }
  // The colon disables the expansion of variables.
  const vmlet = (prefix: string, verb: string): string =>
    [`${prefix}:${node}`, command, verb, machine].map(quoteUnitWord).join(' ');
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quoteUnitWord(`${name}=${value}`)}`,
  );
  return [
    '[Unit]',
    `Description=Virtual machine ${machine}`,
    '# After 5 starts within 300 s, systemd does not start the machine again.',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    '# "vmlet start" starts vmlet-keeper, which runs QEMU, notifies systemd and becomes the main process.',
    'Type=notify',
    'NotifyAccess=all',
    ...variables,
    `ExecStart=${vmlet('', 'start')}`,
    '# systemd also runs this command after the machine has ended by itself; "-" means that a failure is ignored.',
    `ExecStop=${vmlet('-', 'stop')}`,
    `TimeoutStopSec=${STOP_SECONDS}`,
    '# SIGTERM goes only to vmlet-keeper, which shuts QEMU down.',
    'KillMode=mixed',
    'Restart=on-failure',
    'RestartSec=5',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n');
}

/** Returns the XDG variables that decide where vmlet keeps machines and images, if set. */
export function xdgVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  // The user's service manager has its own XDG_RUNTIME_DIR, the same as in the user's logins.
  const names = ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'];
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = environment[name];
      return value?.startsWith('/') ? [[name, value]] : [];
    }),
  );
}

export interface UnitStore {
  readonly dataHome: string;
  /** Whether vmlet uses it without `XDG_DATA_HOME`. */
  readonly isDefault: boolean;
}

/**
 * True for the text of a unit that `systemdUnit` wrote for a machine of this store, also if the user has edited the rest:
 * another store may have a machine of the same name, and users write units of their own.
 */
export function isUnitOfStore(text: string, machine: string, { dataHome, isDefault }: UnitStore): boolean {
  if (!new RegExp(`^ExecStart="?:/.* start ${machine}$`, 'm').test(text)) return false;
  const lines = text.split('\n').filter((line) => /^Environment="?XDG_DATA_HOME=/.test(line));
  const own = `Environment=${quoteUnitWord(`XDG_DATA_HOME=${dataHome}`)}`;
  return lines.length === 0 ? isDefault : lines.some((line) => line.replace(/\/+("?)$/, '$1') === own);
}

/** Quotes a word of a command line or an assignment in a unit: `%` introduces specifiers, the rest is as in C. */
function quoteUnitWord(word: string): string {
  const doubled = word.replaceAll('%', '%%');
  if (/^[\w/.:=@%+,-]+$/.test(doubled)) return doubled;
  const escaped = doubled
    .replaceAll(/["\\]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}
