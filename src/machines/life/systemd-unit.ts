import { InvalidInputError } from '../../errors/index.ts';

export interface SystemdUnitOptions {
  /** The machine's name, which needs no escaping in a unit's: letters, digits and hyphens. */
  readonly machine: string;
  /** Absolute paths of Node and of vmlet's command. */
  readonly node: string;
  readonly command: string;
  /** Variables that the user's shells have and the user's services would not. */
  readonly environment: Readonly<Record<string, string>>;
}

/** `vmlet stop` waits 60 s for the guest, and about as long again where one step after the other does not help. */
const STOP_SECONDS = 150;

export function systemdUnitName(machine: string): string {
  return `vmlet-${machine}.service`;
}

/**
 * The text of a user's unit that runs a machine: systemd.unit(5), systemd.service(5).
 * @throws InvalidInputError for a path of Node's that systemd does not take.
 */
export function systemdUnit({ machine, node, command, environment }: SystemdUnitOptions): string {
  if (/["'\\\p{Cc}]/u.test(node)) {
    throw new InvalidInputError(
      'node',
      `systemd starts no program with such a path: ${JSON.stringify(node)}`,
      {
        hint: 'run vmlet by a Node whose path has no quotes and no backslashes',
      },
    );
  }
  // The colon: no variables are expanded in what follows.
  const vmlet = (prefix: string, verb: string): string =>
    [`${prefix}:${node}`, command, verb, machine].map(quoteUnitWord).join(' ');
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quoteUnitWord(`${name}=${value}`)}`,
  );
  return [
    '[Unit]',
    `Description=Virtual machine ${machine}`,
    '# A machine that fails again and again stays down.',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    '# The machine runs when its keeper says so, which is the main process from then on.',
    'Type=notify',
    'NotifyAccess=all',
    ...variables,
    `ExecStart=${vmlet('', 'start')}`,
    '# Asked also after the machine has ended by itself, when there is nothing to stop.',
    `ExecStop=${vmlet('-', 'stop')}`,
    `TimeoutStopSec=${STOP_SECONDS}`,
    '# SIGTERM goes to the keeper alone, which ends QEMU in an orderly way.',
    'KillMode=mixed',
    'Restart=on-failure',
    'RestartSec=5',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n');
}

/** The XDG variables that decide where vmlet looks for machines and images, as far as they are set. */
export function xdgVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  // The user's service manager has its own XDG_RUNTIME_DIR, which is the one of the user's logins.
  const names = ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME'];
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = environment[name];
      return value?.startsWith('/') ? [[name, value]] : [];
    }),
  );
}

/** One word of a command line or of an assignment in a unit: `%` is for specifiers, the rest is as in C. */
function quoteUnitWord(word: string): string {
  const doubled = word.replaceAll('%', '%%');
  if (/^[\w/.:=@%+,-]+$/.test(doubled)) return doubled;
  const escaped = doubled
    .replaceAll(/["\\]/g, '\\$&')
    .replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}
