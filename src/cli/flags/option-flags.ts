import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { OptionFlag } from '../../public/options.ts';
import { choice, collect, durationMs, wholeNumber } from './flag-values.ts';

/** Gives a command flags for options of the library. Which values are right is for the library to say. */
export function addOptionFlags(command: Command, flags: readonly OptionFlag[]): Command {
  for (const flag of flags) command.addOption(commanderOption(flag));
  return command;
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
