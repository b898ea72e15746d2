import { confineProgram } from '../native/confine-program.ts';

/** Of a program that has to gain privileges, such as one that runs a setuid helper. */
export const MAY_GAIN_PRIVILEGES = ['--may-gain-privileges'] as const;

/** The parent of a program that is started by somebody else: the keeper, a shell. */
export const WHOEVER_STARTS_IT = 0;

/** Standard input, output and error. */
export const STANDARD_DESCRIPTORS = 3;

/**
 * Wraps argv so that the program dies with the thread that started it, even when that is ended by SIGKILL, and gains no
 * privileges.
 *
 * vmlet-confine asks the kernel for the parent-death signal, compares its parent with the expected one (where that died
 * before, no signal will ever come) and becomes the program. A program that changes its credentials (passt does) loses
 * the signal and needs a tether of its own: an inherited connection whose end of file tells it.
 *
 * @param descriptors how many it inherits, from 0 on; it gets no other that somebody left open.
 * @param confinement what else vmlet-confine does, as `confine` says it in options.
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
