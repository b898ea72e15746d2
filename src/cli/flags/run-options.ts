import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions } from '../../index.ts';
import { type OptionFlag, forkFlags, launchFlags } from '../../public/options.ts';
import type { GuestCommandFlags } from './guest-command-flags.ts';
import type { MachineFlags } from './machine-flags.ts';
import { attributeOf, flagOf, givenOptions } from './option-flags.ts';
import { SEED_FLAGS } from './seed-flags.ts';
import { spelling } from './typed-flags.ts';
import { ownedByUser } from './volume-owner.ts';

/** Flags of `vmlet run`, apart from the library's options. */
export interface RunFlags extends GuestCommandFlags, MachineFlags {
  readonly detach?: true;
  readonly name?: string;
  readonly rm?: true;
  readonly kernel?: string;
  readonly template?: string;
  readonly pool?: string;
  readonly fresh?: true;
  readonly renew?: true;
  readonly timeout?: number;
  readonly dieWithParent?: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Flags about guests that earlier runs have kept; no template has them. */
const OF_KEPT_GUESTS: readonly string[] = ['fresh', 'renew'];

/** The image that goes together with --kernel. */
const HOST = 'host';

/**
 * Reads options between the image and the `--` before the command, as in `host --kernel bzImage -- dmesg`.
 * @returns the other words: the image and the command.
 */
export function readLaterOptions(
  command: Command,
  words: readonly string[],
  flags: RunFlags,
): readonly string[] {
  const [image, first] = words;
  if (!hasImage(image, flags)) return words;
  // A command has no name that begins with a dash.
  if (image === undefined || first?.startsWith('-') !== true || first === '--' || !words.includes('--'))
    return words;
  const { operands, unknown } = command.parseOptions(words.slice(1));
  const [wrong] = unknown;
  if (wrong !== undefined) throw new InvalidInputError(wrong, 'unknown option');
  return [image, '--', ...operands];
}

/** With --kernel there is no image but the host's system, with --template and --pool none; all words are the command. */
export function splitWords(words: readonly string[], flags: RunFlags): { image?: string; command: string[] } {
  const [image, ...rest] = words;
  if (!hasImage(image, flags)) return { command: [...words] };
  if (image === undefined) {
    throw new InvalidInputError('image', 'missing', {
      hint: 'for example: vmlet run micro -- uname -a, or vmlet run debian:13 -- cat /etc/os-release',
    });
  }
  // commander keeps the first `--` after the image, since the words there belong to the command.
  return { image, command: rest[0] === '--' ? rest.slice(1) : rest };
}

function hasImage(first: string | undefined, { template, pool, kernel }: RunFlags): boolean {
  return (template ?? pool) === undefined && (kernel === undefined || first === HOST);
}

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
  if (given === undefined) return;
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
