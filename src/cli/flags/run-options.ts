import { InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions } from '../../index.ts';
import { forkFlags, launchFlags } from '../../public/options.ts';
import type { GuestCommandFlags } from './guest-command-flags.ts';
import type { MachineFlags } from './machine-flags.ts';
import { attributeOf, givenOptions } from './option-flags.ts';
import { SEED_FLAGS } from './seed-flags.ts';

/** What commander makes of the flags of `vmlet run`, apart from options of the library. */
export interface RunFlags extends GuestCommandFlags, MachineFlags {
  readonly kernel?: string;
  readonly template?: string;
  readonly timeout?: number;
  readonly dieWithParent?: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** With a kernel of the user's or a template there is no image, and all the words are the command. */
export function splitWords(words: readonly string[], flags: RunFlags): { image?: string; command: string[] } {
  if (flags.kernel !== undefined || flags.template !== undefined) return { command: [...words] };
  const [image, ...rest] = words;
  if (image === undefined) {
    throw new InvalidInputError('image', 'none was given', {
      hint: 'for example: vmlet run micro -- uname -a, or vmlet run debian:13 -- cat /etc/os-release',
    });
  }
  // Whatever follows the image is the command's own, so that commander leaves its first -- in place.
  return { image, command: rest[0] === '--' ? rest.slice(1) : rest };
}

/** @throws InvalidInputError for a flag that describes the machine, as the template does. */
export function forkOptions(flags: object): ForkOptions {
  const ofForks = new Set(forkFlags.map(({ option }) => option));
  const described = [
    ...launchFlags.filter(({ option }) => !ofForks.has(option)).map(attributeOf),
    ...SEED_FLAGS.map((flag) => flag.attributeName()),
  ];
  const given = Object.keys(flags).find((flag) => described.includes(flag));
  if (given !== undefined) {
    const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new InvalidInputError('template', `${flag} cannot be had together with --template`, {
      hint: 'a fork has what its template has: leave it out, or make another template with it',
    });
  }
  return givenOptions(forkFlags, flags);
}
