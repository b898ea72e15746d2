import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { OptionFlag } from '../../public/options.ts';
import { choice, collect, durationMs, wholeNumber } from './flag-values.ts';

const NAMES = new WeakMap<Command, Map<string, string>>();

/** Gives a command flags for options of the library. Which values are right is for the library to say. */
export function addOptionFlags(command: Command, flags: readonly OptionFlag[]): Command {
  const names = new Map(NAMES.get(command));
  for (const flag of flags) {
    const option = commanderOption(flag);
    command.addOption(option);
    names.set(flag.option, option.long ?? option.flags);
  }
  NAMES.set(command, names);
  return command;
}

/** A flag of the command's own for what the library calls otherwise, as in `--output` for `name`. */
export function nameFlag(command: Command, option: string, flag: string): Command {
  NAMES.set(command, new Map([...flagsOfOptions(command), [option, flag]]));
  return command;
}

/** The flags of a command, as in `--disk`, by the library's names for what they say, as in `disks`. */
export function flagsOfOptions(command: Command): ReadonlyMap<string, string> {
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

/** commander's name of a flag, as in `bootTimeout`. */
export function attributeOf({ flag }: OptionFlag): string {
  return new Option(flag).attributeName();
}

/** Options of the library by its own names, for those flags that were given. */
export function givenOptions(flags: readonly OptionFlag[], given: object): Record<string, unknown> {
  const values = new Map(Object.entries(given));
  return Object.fromEntries(
    flags.flatMap((flag): [string, unknown][] => {
      const value: unknown = values.get(attributeOf(flag));
      if (value === undefined) return [];
      return [[flag.option, flag.value === 'pairs' ? pairsOf(value as readonly string[]) : value]];
    }),
  );
}

/** `key=value`; a key alone has an empty value. */
export function pairsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [key = '', ...rest] = text.split('=');
      if (key === '') {
        throw new InvalidInputError('label', `${JSON.stringify(text)} has no key`, {
          hint: 'expected KEY=VALUE',
        });
      }
      return [key, rest.join('=')];
    }),
  );
}
