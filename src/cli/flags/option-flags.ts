import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { OptionFlag, RestOption } from '../../public/options.ts';
import { choice, collect, durationMs, wholeNumber } from './flag-values.ts';

/** The flag of a library option. */
export interface NamedFlag {
  /** As in `--disk`. */
  readonly long: string;
  /** For a flag of two options, which values belong to this one. */
  readonly valuesIn?: (values: readonly string[]) => readonly number[];
}

const NAMES = new WeakMap<Command, Map<string, NamedFlag>>();

/** Adds flags for options of the library, which validates their values. */
export function addOptionFlags(command: Command, flags: readonly OptionFlag[]): Command {
  const names = new Map(NAMES.get(command));
  for (const flag of flags) {
    const option = commanderOption(flag);
    command.addOption(option);
    const long = option.long ?? option.flags;
    const { rest } = flag;
    names.set(flag.option, { long, ...(rest && { valuesIn: (values) => places(values, rest).own }) });
    if (rest) names.set(rest.option, { long, valuesIn: (values) => places(values, rest).others });
  }
  NAMES.set(command, names);
  return command;
}

/** Names the flag of a library option where the two differ, as `--output` for `name`. */
export function nameFlag(command: Command, option: string, flag: string): Command {
  NAMES.set(command, new Map([...flagsOfOptions(command), [option, { long: flag }]]));
  return command;
}

/** Flags of a command by the library's names (`disks`). */
export function flagsOfOptions(command: Command): ReadonlyMap<string, NamedFlag> {
  return NAMES.get(command) ?? new Map();
}

function commanderOption({ flag, description, group, value, choices }: OptionFlag): Option {
  const option = choices === undefined ? new Option(flag, description) : choice(flag, description, choices);
  if (group !== undefined) option.helpGroup(`${group}:`);
  if (value === 'number') option.argParser(wholeNumber);
  if (value === 'time') option.argParser(durationMs);
  if (value === 'texts' || value === 'pairs') option.argParser(collect);
  return option;
}

/** Name of a flag in commander, such as `bootTimeout`. */
export function attributeOf({ flag }: OptionFlag): string {
  return new Option(flag).attributeName();
}

/** The flag of a name in commander: `--boot-timeout` of `bootTimeout`. */
export function flagOf(attribute: string): string {
  return `--${attribute.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Returns the library's options for the given flags. */
export function givenOptions(flags: readonly OptionFlag[], given: object): Record<string, unknown> {
  const values = new Map(Object.entries(given));
  return Object.fromEntries(
    flags.flatMap((flag): [string, unknown][] => {
      const value: unknown = values.get(attributeOf(flag));
      if (value === undefined) return [];
      if (flag.rest) return sharedOptions(flag.option, flag.rest, value as readonly string[]);
      return [[flag.option, flag.value === 'pairs' ? pairsOf(value as readonly string[]) : value]];
    }),
  );
}

/** Splits the values of a flag of two options. */
function sharedOptions(
  option: string,
  rest: RestOption,
  values: readonly string[],
): [string, string | string[]][] {
  const { own, others } = places(values, rest);
  const given = (places: readonly number[]) => places.map((at) => values[at] ?? '');
  return [
    ...(own.length === 0 ? [] : [[option, oneOrAll(given(own))] as [string, string | string[]]]),
    ...(others.length === 0 ? [] : [[rest.option, given(others)] as [string, string[]]]),
  ];
}

/** The library accepts several values of the first option only where they can mean something. */
function oneOrAll(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] ?? '') : values;
}

function places(
  values: readonly string[],
  { isOwn }: RestOption,
): { readonly own: readonly number[]; readonly others: readonly number[] } {
  const isOwnAt = (at: number) => isOwn(values[at] ?? '');
  return {
    own: [...values.keys()].filter(isOwnAt),
    others: [...values.keys()].filter((at) => !isOwnAt(at)),
  };
}

/** Returns the words of a command line for the library's options: the reverse of `givenOptions`. */
export function wordsOf(flags: readonly OptionFlag[], options: object): string[] {
  const values = new Map(Object.entries(options));
  return flags.flatMap((flag): string[] => {
    const given = [flag.option, ...(flag.rest ? [flag.rest.option] : [])]
      .map((option): unknown => values.get(option))
      .filter((one) => one !== undefined);
    if (given.length === 0 || given[0] === false) return [];
    const value = flag.rest ? given.flat() : given[0];
    const word = new Option(flag.flag).long ?? flag.flag;
    if (flag.value === 'switch') return [word];
    if (flag.value === 'time') return [word, `${textOf(value)}ms`];
    return textsOf(flag, value).flatMap((text) => [word, text]);
  });
}

function textsOf({ value: kind }: OptionFlag, value: unknown): string[] {
  if (kind === 'pairs' && typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([key, text]) => `${key}=${textOf(text)}`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map(textOf);
}

/** The library accepts objects for some options, which have no words. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Parses `key=value`; a key alone has an empty value. */
export function pairsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [key = '', ...rest] = text.split('=');
      if (key === '') {
        throw new InvalidInputError('label', `no key in ${JSON.stringify(text)}`, {
          hint: 'expected KEY=VALUE',
        });
      }
      return [key, rest.join('=')];
    }),
  );
}
