import type { Command, Option } from 'commander';
import { SEED_FLAGS, SEED_OPTIONS } from './seed-flags.ts';
import { flagsOfOptions } from './option-flags.ts';

/** The command that ran, and the words that it was given. */
export interface CommandLine {
  readonly command: Command;
  readonly args: readonly string[];
}

/**
 * The library's name of an option, as in `disks[0]`, the way the user typed it: `--disk`, or `-p` where that is what
 * stands on the command line. What is no flag here stays as it is, an argument without what is inside it.
 */
export function asTyped(field: string, line: CommandLine): string {
  return field
    .split(', ')
    .map((one) => typedFlag(one, line))
    .join(', ');
}

function typedFlag(field: string, line: CommandLine): string {
  const option = optionFor(field, line.command);
  if (option) return spelling(option, line.args);
  const head = headOf(field);
  const isArgument = line.command.registeredArguments.some((argument) => argument.name() === head);
  return isArgument ? head : field;
}

function optionFor(field: string, command: Command): Option | undefined {
  const given = command.opts<Record<string, unknown>>();
  // Any flag of the first boot makes a seed.
  if (field === 'seed') return SEED_FLAGS.find((flag) => given[flag.attributeName()] !== undefined);
  const head = headOf(field);
  const names = [flagsOfOptions(command).get(head), SEED_OPTIONS[head], `--${head}`];
  return names
    .map((long) => command.options.find((option) => option.long === long))
    .find((option) => option !== undefined);
}

/** `disks` of `disks[0].cache`. */
function headOf(field: string): string {
  return /^[^[.]*/.exec(field)?.[0] ?? field;
}

function spelling({ long, short }: Option, args: readonly string[]): string {
  const isLong = args.some((word) => word === long || word.startsWith(`${long ?? ''}=`));
  const isShort = short !== undefined && args.some((word) => word.startsWith(short));
  return (!isLong && isShort ? short : long) ?? short ?? '';
}
