import { confineProgram } from '../native/confine-program.ts';

/** For a program that has to gain privileges, such as one that runs a setuid helper. */
export const MAY_GAIN_PRIVILEGES = ['--may-gain-privileges'] as const;

/** Accepts any parent, for a program that is started by another process: the keeper, a shell. */
export const ANY_PARENT = 0;

/** Standard input, output and error. */
export const STANDARD_DESCRIPTORS = 3;

/**
 * Wraps argv so that the program dies with the thread that started it, even if that is killed by SIGKILL, and
 * gains no privileges.
 *
 * vmlet-confine asks the kernel for the parent-death signal, compares its parent with the expected one (if
 * that died earlier, no signal will arrive) and becomes the program. A program that changes its credentials,
 * such as passt, loses the signal and needs another mechanism: an inherited connection that it reads until
 * its end of file.
 *
 * @param descriptors number of descriptors that it inherits, starting at 0; any others left open are closed.
 * @param confinement further options of vmlet-confine, as returned by `confine`.
 */
export function tether(
  parentPid: number,
  descriptors: number,
  argv: readonly string[],
  confinement: readonly string[] = [],
): [string, ...string[]] {
  return [
    confineProgram(),
    '--parent',
    String(parentPid),
    '--descriptors',
    String(descriptors),
    ...confinement,
    '--',
    ...argv,
  ];
}
