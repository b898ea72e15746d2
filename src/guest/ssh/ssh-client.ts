import { sshHostName } from './known-hosts.ts';

export interface SshCommand {
  /** Path of the file that `sshConfig` formats. */
  readonly configPath: string;
  /** The machine's name, without `.vmlet`. */
  readonly name: string;
  /** Joined by spaces and passed to the user's shell in the guest, as ssh does; a login shell when empty. */
  readonly command: readonly string[];
  /** Whether the command gets a terminal; ssh decides when undefined: only a login shell, from a terminal. */
  readonly tty?: boolean | undefined;
  /** Never ask the user anything; false by default. */
  readonly batch?: boolean | undefined;
}

/** Returns ssh's command line. ssh exits with the command's status, or with 255 when it failed itself. */
export function sshArguments({ configPath, name, command, tty, batch }: SshCommand): [string, ...string[]] {
  const terminal = tty === undefined ? [] : [tty ? '-t' : '-T'];
  // Without "--", ssh would parse options of the command, even after the host name.
  return [
    'ssh',
    '-F',
    configPath,
    ...terminal,
    ...(batch ? ['-o', 'BatchMode=yes'] : []),
    '--',
    sshHostName(name),
    ...command,
  ];
}
