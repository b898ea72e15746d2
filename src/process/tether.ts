import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { findProgram } from './program.ts';

/**
 * The setpriv that `tether` needs. util-linux's has had --pdeathsig since 2.33 (2018); busybox has a program of the same
 * name that lacks it.
 */
export function findTether(): string | undefined {
  const path = findProgram('setpriv');
  return path !== undefined && basename(realpathSync(path)) !== 'busybox' ? path : undefined;
}

/**
 * Wraps argv so that the program dies with the thread that started it, even when that is ended by SIGKILL.
 *
 * setpriv asks the kernel for the parent-death signal. Where the parent died before that call, no signal
 * will ever come: the shell behind it compares its parent with the expected one and does not start the program.
 * A program that changes its credentials (passt does) loses the signal and needs a tether of its own: an
 * inherited connection whose end of file tells it.
 *
 * @param setprivFlags what else the one setpriv does, such as the confinement that `confine` made; the shell runs
 *   under it too.
 */
export function tether(
  setpriv: string,
  parentPid: number,
  argv: readonly string[],
  setprivFlags: readonly string[] = [],
): [string, ...string[]] {
  return [
    setpriv,
    '--pdeathsig',
    'KILL',
    ...setprivFlags,
    '/bin/sh',
    '-c',
    'test "$PPID" = "$0" || exit 125; unset PWD OLDPWD SHLVL _; exec "$@"',
    String(parentPid),
    ...argv,
  ];
}
