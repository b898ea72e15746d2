import type { Command, Option } from 'commander';
import { SEED_FLAGS, SEED_OPTIONS } from './seed-flags.ts';
import { type NamedFlag, flagsOfOptions } from './option-flags.ts';

/** The command that ran, and its words. */
export interface CommandLine {
  readonly command: Command;
  readonly args: readonly string[];
}

/**
 * Returns the flag that the user typed for a library option: `--disk`, or `-p` if that is on the command line, for
 * `disks[0]`. An option that is not a flag of the command keeps its name, without any index.
 */
export function asTyped(field: string, line: CommandLine): string {
  return field
    .split(', ')
    .map((one) => typedFlag(one, line))
    .join(', ');
}

function typedFlag(field: string, line: CommandLine): string {
  const named = flagsOfOptions(line.command).get(headOf(field));
  const option = optionFor(field, line.command);
  if (option)
    return (
      (named?.valuesIn && spellingOfValue(field, option, named.valuesIn, line.args)) ??
      spelling(option, line.args)
    );
  const head = headOf(field);
  const isArgument = line.command.registeredArguments.some((argument) => argument.name() === head);
  return isArgument ? head : field;
}

function optionFor(field: string, command: Command): Option | undefined {
  const given = command.opts<Record<string, unknown>>();
  // Any first-boot flag creates a seed.
  if (field === 'seed') return SEED_FLAGS.find((flag) => given[flag.attributeName()] !== undefined);
  const head = headOf(field);
  const names = [flagsOfOptions(command).get(head)?.long, SEED_OPTIONS[head], `--${head}`];
  return names
    .map((long) => command.options.find((option) => option.long === long))
    .find((option) => option !== undefined);
}

/** `disks` of `disks[0].cache`. */
function headOf(field: string): string {
  return /^[^[.]*/.exec(field)?.[0] ?? field;
}

/** Returns the spelling of the option, as in `-m` for `-m5`; the long one if it is among the words. */
export function spelling({ long, short }: Option, args: readonly string[]): string {
  const isLong = args.some((word) => long !== undefined && isFlag(word, long));
  const isShort = args.some((word) => short !== undefined && isFlag(word, short));
  return (!isLong && isShort ? short : long) ?? short ?? '';
}

/** The value of a short flag may be in the same word. */
function isFlag(word: string, flag: string): boolean {
  return flag.startsWith('--') ? word === flag || word.startsWith(`${flag}=`) : word.startsWith(flag);
}

/** For a flag of two options: its spelling before the value that the field names, as in `networks[1]`. */
function spellingOfValue(
  field: string,
  { long, short }: Option,
  valuesIn: NonNullable<NamedFlag['valuesIn']>,
  args: readonly string[],
): string | undefined {
  const typed = args.flatMap((word, at) => {
    const flag = [long, short].find((one) => one !== undefined && isFlag(word, one));
    if (flag === undefined) return [];
    return [{ flag, value: word === flag ? (args[at + 1] ?? '') : word.slice(flag.length + 1) }];
  });
  const index = Number(/^[^[.]*\[(\d+)\]/.exec(field)?.[1] ?? 0);
  const at = valuesIn(typed.map(({ value }) => value))[index];
  return at === undefined ? undefined : typed[at]?.flag;
}
