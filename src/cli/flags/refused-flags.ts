import { Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions } from '../../index.ts';
import { type OptionFlag, forkFlags, launchFlags } from '../../public/options.ts';
import { attributeOf, flagOf, givenOptions } from './option-flags.ts';
import { SEED_FLAGS } from './seed-flags.ts';
import { spelling } from './typed-flags.ts';
import { ownedByUser } from './volume-owner.ts';

/** Flags about guests that earlier runs have kept; no template has them. */
const OF_KEPT_GUESTS: readonly string[] = ['fresh', 'renew'];

/** @throws InvalidInputError for a flag that describes the machine: the template does that. */
export function forkOptions(flags: object): ForkOptions {
  const ofForks = new Set(forkFlags.map(({ option }) => option));
  const given = givenFlag(
    flags,
    launchFlags.filter(({ option }) => !ofForks.has(option)),
  );
  if (given !== undefined) {
    const flag = flagOf(given);
    throw new InvalidInputError('template', `cannot be used together with ${flag}`, {
      hint: OF_KEPT_GUESTS.includes(given)
        ? `leave out ${flag}`
        : `leave out ${flag}, or create another template with ${flag}`,
    });
  }
  return givenOptions(forkFlags, ownedByUser(flags));
}

/**
 * @param args the command line, whose spelling of the flag the error has.
 * @throws InvalidInputError for a flag that describes the machine, which exists already.
 */
export function refuseMachineFlags(
  source: string,
  flags: object,
  others: readonly string[],
  args: readonly string[],
): void {
  const given = givenFlag(flags, launchFlags, others);
  if (given !== undefined) refuseFlag(source, given, args);
}

/**
 * @param given attribute of the flag.
 * @param args the command line, whose spelling of the flag the error has.
 * @throws InvalidInputError
 */
export function refuseFlag(source: string, given: string, args: readonly string[]): never {
  const described = launchFlags.find((flag) => attributeOf(flag) === given);
  const typed = described === undefined ? flagOf(given) : spelling(new Option(described.flag), args);
  throw new InvalidInputError(source, `cannot be used together with ${typed}`, {
    hint: `leave out ${typed}`,
  });
}

function givenFlag(
  flags: object,
  described: readonly OptionFlag[],
  others: readonly string[] = [],
): string | undefined {
  const refused = [
    ...described.map(attributeOf),
    ...SEED_FLAGS.map((flag) => flag.attributeName()),
    ...[...OF_KEPT_GUESTS, ...others],
  ];
  return Object.keys(flags).find((flag) => refused.includes(flag));
}
