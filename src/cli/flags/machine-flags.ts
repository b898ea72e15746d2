import type { Command } from 'commander';
import type { LaunchOptions, SeedOptions } from '../../index.ts';
import { type OptionFlag, launchFlags, templateFlags } from '../../public/options.ts';
import { addOptionFlags, givenOptions } from './option-flags.ts';
import { addSeedFlags } from './seed-flags.ts';
import { ownedByUser } from './volume-owner.ts';

/** Flags of throw-away machines, apart from the library's options. */
export interface MachineFlags {
  readonly console?: true;
  readonly debug?: true;
}

/** Adds the flags that `run` and `template create` share. */
export function addMachineFlags(command: Command, flags: readonly OptionFlag[] = launchFlags): Command {
  addOptionFlags(command, flags)
    .option('--console', "print the guest's serial console to stderr")
    .option('--debug', 'print a debug log to stderr, as JSON lines');
  return addSeedFlags(command);
}

/** Parsed only to be refused with the command that has them. */
const REFUSED_OF_TEMPLATES: readonly unknown[] = ['--volume', '--mount'];

/** Adds the flags that `template create` and `pool create` share. */
export function addTemplateFlags(command: Command): Command {
  addMachineFlags(command, templateFlags);
  for (const option of command.options) {
    if (REFUSED_OF_TEMPLATES.includes(option.long)) option.hideHelp();
  }
  return command;
}

/** The library validates the values; its errors use the same names. */
export function launchOptions(
  image: string | undefined,
  flags: object,
  seed: SeedOptions | undefined,
  described: readonly OptionFlag[] = launchFlags,
): LaunchOptions {
  return {
    ...(image !== undefined && { image }),
    ...givenOptions(described, ownedByUser(flags)),
    ...(seed && { seed }),
  };
}
