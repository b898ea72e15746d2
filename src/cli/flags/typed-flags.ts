import type { Command, Option } from 'commander';
import { SEED_FLAGS, SEED_OPTIONS } from './seed-flags.ts';
import { flagsOfOptions } from './option-flags.ts';

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
  const option = optionFor(field, line.command);
  if (option) return spelling(option, line.args);
  const head = headOf(field);
  const isArgument = line.command.registeredArguments.some((argument) => argument.name() === head);
  return isArgument ? head : field;
}

function optionFor(field: string, command: Command): Option | undefined {
  const given = command.opts<Record<string, unknown>>();
  // Any first-boot flag creates a seed.
  if (field === 'seed') return SEED_FLAGS.find((flag) => given[flag.attributeName()] !== undefined);
  const head = headOf(field);
  // `run` has the flag without an option of its schema.
  const network = head === 'networks' ? '--network' : undefined;
  const names = [flagsOfOptions(command).get(head), SEED_OPTIONS[head], network, `--${head}`];
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
